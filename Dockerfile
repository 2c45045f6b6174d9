# stan for the CPU: docker build -t stan . && docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" stan doctor
#
# The first stage builds; the second holds the program and its libraries alone. Dockerfile.cuda is the one for GPUs.
ARG GO=1.26.8

FROM golang:${GO}-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
ENV XDG_CACHE_HOME=/opt
WORKDIR /src
# libtorch first: it changes less often than the source does.
COPY scripts/libtorch.env scripts/install-libtorch.sh scripts/unpack_wheels.py scripts/
RUN scripts/install-libtorch.sh cpu
COPY go.mod go.sum ./
COPY cgo/gotorch/go.mod cgo/gotorch/
RUN go mod download
COPY . .
RUN make build-cpu && bin/stan doctor --device cpu
# The shim finds libtorch by this path; headers are for building only.
RUN rm -rf /opt/stan/libtorch-*/include

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 stan && mkdir /data && chown stan /data
COPY --from=build /opt/stan /opt/stan
COPY --from=build /src/bin /usr/local/lib/stan
RUN ln -s ../lib/stan/stan /usr/local/bin/stan && stan doctor --device cpu /data
# A number, so that Kubernetes' runAsNonRoot can tell.
USER 10001
WORKDIR /data
ENTRYPOINT ["stan"]
CMD ["help"]
