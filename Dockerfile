# A small image that runs without root: the binary, its licences, and Debian's C library.
#   docker build -t datebin .
#   docker run --rm -p 127.0.0.1:8080:8080 -e DATABASE_URL=postgres://…?sslmode=disable datebin
# Without sslmode the database must have TLS and a certificate of its host.
#
# With a file that describes tables, read again when it changes (mount the directory: editors replace files):
#   docker run … -v "$PWD/config:/etc/datebin:ro" -e DATEBIN_CONFIG=/etc/datebin/datebin.toml datebin
# A PostgreSQL on the host itself is host.docker.internal; on Linux that name needs a line, and PostgreSQL has to listen on
# the bridge and allow it in pg_hba.conf:
#   docker run … --add-host=host.docker.internal:host-gateway -e DATABASE_URL=postgres://…@host.docker.internal/…?sslmode=disable datebin
# Other commands:
#   docker run --rm -e DATABASE_URL=postgres://…?sslmode=disable datebin discover >datebin.toml

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# The allocator is made with it.
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY . .
# The caches are BuildKit's: a second build compiles only what has changed.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin datebin \
    && install -D target/release/datebin /out/datebin

FROM debian:bookworm-slim
# Neither CA certificates nor time zones are needed: both are compiled into the binary.
COPY --from=build /out/datebin /usr/local/bin/datebin
COPY LICENSE LICENSE-MIT LICENSE-APACHE /usr/share/doc/datebin/
ENV DATEBIN_LISTEN=0.0.0.0:8080
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
# Alive, not ready: an outage of the database is no reason to restart the server.
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s --retries=3 \
    CMD ["/usr/local/bin/datebin", "health"]
ENTRYPOINT ["/usr/local/bin/datebin"]
CMD ["serve"]
