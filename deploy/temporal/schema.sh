#!/bin/sh
# Makes or updates Temporal's own databases. Safe to repeat: an update applies only what is missing.
set -eu
for name in temporal:temporal temporal_visibility:visibility; do
  tool() { temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "${name%%:*}" "$@"; }
  tool create
  tool setup-schema -v 0.0
  tool update-schema -d "/etc/temporal/schema/postgresql/v12/${name##*:}/versioned"
done
