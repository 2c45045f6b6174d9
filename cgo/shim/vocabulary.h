// The vocabulary of a model, copied to the device where the kernels of lanes/ read it.
#ifndef STAN_VOCABULARY_H
#define STAN_VOCABULARY_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct st_tables st_tables;

// One value attribute: ascending exact values, and the normaliser of ln(v+1) for the mixture.
typedef struct st_values {
  const int64_t *exact;
  int32_t count;
  float centre, scale;
  int64_t most;
} st_values;

// Field by field stan::Tables (lanes/tables.h), with host pointers that are read during the call only.
typedef struct st_vocabulary {
  bool without_conversations, without_profile, without_atoms;
  st_values gap, duration, packets, bytes;
  int64_t gap_tick, duration_tick;
  int32_t protos, flags, tos, labels;
  const uint8_t *proto_values, *flags_values, *tos_values, *flags_protos;
  int32_t ports, bins, icmps;
  const uint16_t *port_class, *port_values;
  const uint8_t *port_protos;
  const uint16_t *bin_ports;
  const int32_t *bin_start;
  const uint16_t *icmp_values;
  const uint8_t *port_service;
  int32_t places;
  const uint32_t *place_addr;
  const uint8_t *place_bits;
  const int32_t *place_bucket;
  const int64_t *bag_offset;
  int32_t mtu;
  float shorter_replies;
  const float *returns;
} st_vocabulary;

char *st_tables_new(st_tables **out, const st_vocabulary *v, st_device device);
void st_tables_free(st_tables *t);

// Sets the shares of returns, [2, met + 1], of tables on any device.
void st_tables_returns(st_tables *t, const float *returns);

#ifdef __cplusplus
}
#endif
#endif
