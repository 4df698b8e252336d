FROM debian:trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends pgbouncer \
 && rm -rf /var/lib/apt/lists/*
# The list of users is made of the environment at the start, in memory: it is in no layer and on no disk.
COPY --chmod=0755 pgbouncer.sh /usr/local/bin/start-pgbouncer
# It owns nothing, whatever users the package makes.
USER nobody
EXPOSE 6432
STOPSIGNAL SIGINT
ENTRYPOINT ["start-pgbouncer"]
