# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0

SWIFT ?= swift

.PHONY: help run test build release check format generate bench soak clean

help: ## Shows this list.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## Sets up, builds, serves on the embedded store and makes a first withdrawal.
	@scripts/setup build
	@$(SWIFT) build --product teller
	@exec .build/debug/teller tour

test: ## Sets up and runs everything; ends in one line of totals.
	@scripts/setup test
	@scripts/test

build: ## Builds everything, tests included.
	@scripts/setup build
	@$(SWIFT) build --build-tests

release: ## Builds the optimised server.
	@scripts/setup build
	@$(SWIFT) build -c release --product teller --static-swift-stdlib -Xswiftc -cross-module-optimization

check: ## Style and staleness: formatting, generated code.
	@swift format lint --strict --recursive Package.swift Sources Tests Benchmarks
	@$(SWIFT) run teller-contract check

format: ## Formats the sources in place.
	@swift format --in-place --recursive Package.swift Sources Tests Benchmarks

generate: ## Writes everything that follows from the contract.
	@$(SWIFT) run teller-contract generate

bench: ## Runs the side-by-side measurements of docs/benchmarks.md (ARGS="--soak 10m").
	@scripts/setup bench
	@Benchmarks/run $(ARGS)

clean: ## Removes what was built.
	@rm -rf .build
