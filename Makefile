# Everything a person types. Each target works first and alone on a fresh clone: bin/prepare fetches what is missing,
# says so, and is done in a moment when nothing is. `make help` lists the targets from the `##` beside their names.
#
# Recipes exec node itself, with no wrapper in between, so that ^C, ^Z and kill reach the program and not its parent.

# Values typed after the target are taken as text. Without this, make would run COUNT='$(shell …)' as code of its own
# before any program could refuse it; with it, recipes read them from the environment, quoted, and no shell reads them.
$(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),\
  $(eval override $(name) := $$(value $(name)))$(eval export $(name))))

PREPARE := sh bin/prepare
NODE := exec node --enable-source-maps --import ./dist/bin/early-hang-up.js

.SILENT:
.NOTPARALLEL:
.PHONY: all monolith datawire-connect add-ratings market startRatings shoppers demo tour package api tracing replay fuzz soak sim bench scorecard scale chaos screenshots board-cost test mutants check format coverage walkthrough clean help

all: monolith

monolith: ## the Market without ratings, at http://localhost:5000
	$(PREPARE) && $(NODE) dist/bin/market.js --monolith

datawire-connect: ## makes bin/dwc ready and says what to type next
	$(PREPARE)
	echo 'bin/dwc is ready. Optional here: an org. With one the bus that the Market starts admits its members and services alone;'
	echo 'without one the bus is open to every program of this machine.'
	echo '  bin/dwc create-org "My Test Org" YOUR-NAME YOUR-EMAIL'
	echo '  bin/dwc create-service ratings'
	echo 'With or without it, start the Market with ratings:  make add-ratings   (more of dwc:  bin/dwc --help)'

add-ratings: market ## the Market that looks for ratings (the same as: make market)

market: ## the Market that looks for ratings, at http://localhost:5000
	$(PREPARE) bus && $(NODE) dist/bin/market.js

# COUNT wins over INSTANCE; with neither, instance 1. What is no number is refused by the program, not here.
startRatings: ## Ratings instances: COUNT=3 starts three, INSTANCE=2 the second, neither the first
	$(PREPARE) && if [ -n "$$COUNT" ]; then set -- --count="$$COUNT"; \
	  elif [ -n "$$INSTANCE" ]; then set -- --instance="$$INSTANCE"; \
	  else set --; fi && $(NODE) dist/bin/ratings.js "$$@"

# What is no number is refused by the program, not here.
shoppers: ## loads pages of a running Market and says what came: RATE=5 pages a second, PORT=5001 of another Market
	$(PREPARE) && $(NODE) dist/bin/shoppers.js --rate="$$RATE"

# Values of variables are words that are there or not: VERBOSE=1, AUTO=1, RESTART=1.
demo: ## all of it in one terminal: a bus, the Market, three Ratings instances, shoppers; VERBOSE=1 prints every line of theirs
	$(PREPARE) bus && set -- && if [ -n "$$RATE" ]; then set -- --rate="$$RATE"; fi && \
	  if [ -n "$$VERBOSE" ]; then set -- "$$@" --verbose; fi && $(NODE) dist/bin/demo.js "$$@"

tour: ## the walk of the README, explained, in one terminal: AUTO=1 just shows it, RESTART=1 starts again
	$(PREPARE) bus && set -- && if [ -n "$$AUTO" ]; then set -- --auto; fi && \
	  if [ -n "$$RESTART" ]; then set -- "$$@" --restart; fi && \
	  if [ -n "$$VERBOSE" ]; then set -- "$$@" --verbose; fi && $(NODE) dist/bin/tour.js "$$@"

package: ## the npm package of the library: datawire-connect-VERSION.tgz, in this folder
	$(PREPARE) && $(NODE) dist/bin/package.js

api: ## the API reference of the library, docs/api, from the docstrings: names those that have none
	$(PREPARE) && sh bin/prepare-packages package/api && exec node package/api/write-api.js

tracing: ## installs what sends traces to a collector (OTEL_EXPORTER_OTLP_ENDPOINT); no other target needs it
	$(PREPARE) && sh bin/prepare-packages tracing
	echo 'prepare: tracing is ready. Type:  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 make demo'

replay: ## what a Market with RECORD=file decided, and whether this code decides the same: make replay FILE=file
	$(PREPARE) && $(NODE) dist/bin/replay.js "$$FILE"

# LONG=only runs the long files alone: what .ci/run does after the others.
# UPDATE=1 rewrites the texts in test/golden, which hold the prose that tests compare.
test: ## all tests but the long ones: ONLY=cart those of that name, LONG=1 all, TIMES=20 BUSY=1 again and again
	$(PREPARE) nats-server browser nginx && set -f && \
	  if [ -n "$$LONG" ]; then sh bin/prepare-packages test/package && sh bin/prepare-packages package/api; fi && \
	  $(NODE) dist/test/run.js --long="$$LONG" --times="$$TIMES" --busy="$$BUSY" $$ONLY

fuzz: ## a million inputs for everything that parses: make fuzz INPUTS=50000 SEED=7
	$(PREPARE) && $(NODE) dist/test/fuzz/fuzz.js "$$INPUTS" "$$SEED"

soak: ## load with faults throughout, and whether memory stays flat: make soak MINUTES=10 SEED=7
	$(PREPARE) nats-server && $(NODE) dist/test/soak/soak.js "$$MINUTES" "$$SEED"

# With SEED one day, printed in full; with MUTANTS=1 the defects that the properties have to find, and with UPDATE=1 the table of
# them is written to test/sim/mutants.json; else so many days, from seed FROM on.
sim: ## a thousand simulated bad days: SEEDS=10000 more, SEED=4711 one in full, MUTANTS=1 whether the properties find known defects
	$(PREPARE) && $(NODE) dist/test/sim/sim.js --seeds="$$SEEDS" --from="$$FROM" --seed="$$SEED" --mutants="$$MUTANTS" --update="$$UPDATE"

check: ## format, lint, directions of imports, types, house rules; changes nothing
	$(PREPARE)
	node_modules/.bin/biome check --error-on-warnings \
	  || { echo 'check: the format or a rule does not hold (above). Much of it mends itself with:  make format'; exit 1; }
	node_modules/.bin/tsc --noEmit || { echo 'check: the types do not hold (above).'; exit 1; }
	node --enable-source-maps dist/test/run.js house/lint house/house house/packages house/architecture house/observing house/words house/readme \
	  || { echo 'check: a rule of the house does not hold (above).'; exit 1; }
	echo 'check: format, lint, directions of imports, types and house rules all hold.'

format: ## formats all files and mends what the linter can
	$(PREPARE) && node_modules/.bin/biome check --write

coverage: ## all tests, with a report of what they ran (coverage/index.html)
	$(PREPARE) nats-server browser nginx && set -f && exec node_modules/.bin/c8 --clean --exclude-after-remap \
	  --include 'src/**' --include 'bin/**' --reporter text --reporter html node --enable-source-maps dist/test/run.js $$ONLY

walkthrough: ## types the walk of the README by machine, in real windows and in real time
	$(PREPARE) nats-server && $(NODE) dist/test/walkthrough/walkthrough.js

bench: ## our way of asking against its peers, with figures and a chart: make bench ROUNDS=7, QUICK=1, ONLY=pages
	$(PREPARE) nats-server && sh bin/prepare-packages bench && $(NODE) bench/bench.js

scorecard: ## the same faults on ours, moleculer and NATS micro: what failed, and for how long (QUICK=1 to try it)
	$(PREPARE) nats-server && sh bin/prepare-packages bench && $(NODE) bench/scorecard.js

scale: ## how many callers and instances one bus takes, measured and computed (QUICK=1 to try it)
	$(PREPARE) nats-server && sh bin/prepare-packages bench && $(NODE) bench/scale.js

screenshots: ## the pictures of the README, of real programs in a real browser: make screenshots FOLDER=elsewhere
	$(PREPARE) nats-server browser && $(NODE) dist/test/screenshots/screenshots.js "$$FOLDER"

board-cost: ## what 200 viewers and 1,000 instances cost a Market: make board-cost ROUNDS=9
	$(PREPARE) nats-server && $(NODE) dist/test/board-cost/board-cost.js "$$ROUNDS"

# FOLDER=health limits it to one folder, and FOLDER=dwc/commands/ps.ts to one file. UPDATE=1 writes the score to
# test/mutants/scores.json. SIM=80 tries so many on the simulation instead, each for at most DAYS=200 days, drawn by SEED=1.
mutants: ## puts small faults into the code and runs the tests that reach them: make mutants FOLDER=health
	$(PREPARE) && sh bin/prepare-packages test/mutants && if [ -n "$$SIM" ]; then \
	  $(NODE) test/mutants/sim-mutants.js "$$SIM" "$$SEED" "$$DAYS" "$$FOLDER" "$$UPDATE"; \
	  else $(NODE) test/mutants/mutants.js "$$FOLDER" "$$UPDATE"; fi

# Namespaces are root's: without them, or without what makes them, it says so and is skipped.
chaos: ## faults on a real network (as root): a cluster, two Markets, four instances; ONLY=loss for one
	$(PREPARE) && set -f && $(NODE) dist/test/chaos/chaos.js $$ONLY

clean: ## back to a fresh clone
	rm -rf node_modules bench/node_modules tracing/node_modules test/mutants/node_modules test/package/node_modules examples/*/node_modules examples/*/dist dist .dist-new coverage chaos.json .prepared datawire-connect-*.tgz 2>/dev/null \
	  || { echo 'clean: some files belong to another user. Type:  sudo make clean'; exit 1; }
	echo 'clean: back to a fresh clone (packages, compiled programs and reports are gone; ~/.datawire is untouched).'

help: ## this list
	echo 'make TARGET, where TARGET is one of:'
	awk -F ':.*## ' '/^[A-Za-z-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' Makefile
	echo 'Values go behind it:  make startRatings COUNT=3   make market PORT=5001   make test ONLY=cart'
