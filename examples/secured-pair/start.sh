#!/bin/sh
# An org with three services, a server that admits them and no others, and what each of them may do.
#   PORT=4333 sh start.sh
set -eu

folder=$(mktemp -d)
server='' inventory=''
trap 'kill $inventory $server 2>/dev/null || true; rm -rf "$folder"' EXIT
export DWC_STATE="$folder/state" NATS_URL="nats://127.0.0.1:${PORT:=4333}"

# Waits for a line of a file.
line_of() { for _ in $(seq 100); do grep -qs "$1" "$2" && return; sleep 0.2; done; cat "$2"; exit 1; }

echo '--- make the credentials'
npx dwc create-org Shop Ann ann@example.org
npx dwc create-service inventory --no-calls
npx dwc create-service orders --calls inventory
npx dwc create-service reports --no-calls
for service in inventory orders reports; do npx dwc service-token $service > "$folder/$service.creds" 2> /dev/null; done

echo '--- start a server that admits them alone'
nats-server -c "$(npx dwc nats-config)" -a 127.0.0.1 -p "$PORT" 2> "$folder/server.log" &
server=$!
line_of 'Server is ready' "$folder/server.log"

echo '--- inventory runs, and orders may call it'
NATS_CREDS="$folder/inventory.creds" node dist/inventory.js > "$folder/inventory.log" &
inventory=$!
line_of 'up' "$folder/inventory.log"
NATS_CREDS="$folder/orders.creds" node dist/orders.js

echo '--- reports may not'
NATS_CREDS="$folder/reports.creds" node dist/orders.js

echo '--- and orders may not be an instance of inventory'
NATS_CREDS="$folder/orders.creds" node dist/inventory.js
