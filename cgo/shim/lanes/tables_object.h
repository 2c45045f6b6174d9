// The handle behind st_tables, for the entries that take one.
#pragma once
#include "../internal.h"
#include "../vocabulary.h"
#include "tables.h"

struct st_tables {
  stan::Tables tables;  // its pointers lie on device
  at::Device device = at::kCPU;
  std::vector<at::Tensor> storage;
};
