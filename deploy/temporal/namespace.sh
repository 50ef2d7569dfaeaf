#!/bin/sh
# Makes the namespace and its search attributes. Safe to repeat. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where.
set -eu
wait_for() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -ge 60 ]; then echo "$TEMPORAL_ADDRESS does not answer: $*" >&2; exit 1; fi
    sleep 1
  done
}
wait_for temporal operator cluster health
# 30 days: a caller that repeats a request within them gets the workflow's own first answer.
temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create -n "$TEMPORAL_NAMESPACE" --retention 30d
# The server takes some seconds to know a namespace that it has just made.
wait_for temporal operator search-attribute list -n "$TEMPORAL_NAMESPACE"
attribute() { temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" --name "$1" --type "$2"; }
for name in PlayerId ClientId RoundId Stage Currency Provider Reason; do attribute "$name" Keyword; done
attribute AmountMinor Int
attribute NeedsAttention Bool
