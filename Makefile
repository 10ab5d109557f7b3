# Every target calls one script; the scripts say what they do at their head.

STACK ?= staging

.DEFAULT_GOAL := help
.PHONY: help setup env up preview destroy purge check test test-quick test-faults clean-tests bench bench-publish

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "STACK is $(STACK); choose another with STACK=name."

setup: ## prepare this machine: Node, npm packages, Pulumi, a Docker engine, the base image
	@scripts/bootstrap.sh

env: ## print the settings for pulumi: eval "$(make -s env)"
	@scripts/env.sh

up: ## bring STACK to what its config says
	@scripts/stack/up.sh "$(STACK)"

preview: ## show what up would change
	@scripts/stack/preview.sh "$(STACK)"

destroy: ## remove STACK, keep its data volumes
	@scripts/stack/destroy.sh "$(STACK)"

purge: ## destroy STACK and delete its data for good; needs CONFIRM=name
	@scripts/stack/purge.sh "$(STACK)" "$(CONFIRM)"

check: ## everything that needs no engine
	@scripts/with-node.sh npm run --silent check

test: ## all tests, with a real engine
	@scripts/test.sh

test-quick: ## the checks and the most important integration tests, about 5 minutes
	@scripts/test.sh --quick

test-faults: ## the fault matrix of docs/faults.md, with a real engine
	@scripts/test-faults.sh

clean-tests: ## remove what a killed test run left on the engine
	@scripts/clean-tests.sh

bench: ## measure against baselines; BENCH="deploy pooler" chooses, ROUNDS=n
	@scripts/bench.sh $(BENCH)

bench-publish: ## take the last results into docs/benchmarks.md
	@scripts/with-node.sh node bench/main.ts publish
