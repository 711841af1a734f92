# Every target does its own set-up: `make help` names them, CONTRIBUTING.md says more.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint pack image chaos bench bench-check e2e

# The npm package `node` brings the Node that everything here runs on, whatever the machine has.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# Ceph is measured where a lab is named (CONTRIBUTING.md).
BENCH_PACKAGES := redis-server openssl curl nginx rclone xxhash time strace python3-celery python3-redis \
  $(if $(E2E_LAB),radosgw ceph-mon ceph-osd ceph-common)

INSTALLED := node_modules/.package-lock.json

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## install what package-lock.json says (the other targets do it by themselves)

$(INSTALLED): package-lock.json
	npm ci
	@touch $@

demo: $(INSTALLED) ## the main job from end to end on embedded servers; INPUT=/some/folder packs your own files
	@ENV_FOR_DYNACONF=demo node packages/data-transfer/bin/ccat_data_transfer.js demo $(if $(INPUT),--input "$(INPUT)")

test: $(INSTALLED) ## all tests but those of e2e; TESTS="packages/celery/test/broker ..." only those
	@scripts/install-debian-packages.sh redis-server postgresql-15 openssl xxhash strace libarchive-tools python3-celery python3-redis python3-msgpack python3-yaml python3-zstandard python3-brotli
	@node scripts/run-tests.ts $(TESTS)

lint: $(INSTALLED) ## format, types, who imports whom, texts
	@biome check --error-on-warnings
	@tsc --noEmit
	@node scripts/lint-imports.ts
	@node scripts/lint-text.ts

pack: $(INSTALLED) ## packages/celery as .js and .d.ts for npm: a tarball in dist/
	@node scripts/pack-celery.ts

image: $(INSTALLED) ## the image, with docker, podman or buildah; docs/image.md names BASE, IMAGE and ARCHIVE
	@system-integration/image/build.sh

chaos: $(INSTALLED) ## faults of networks and servers, played on real processes: what happens, and how long it takes today; KEEP=1 writes the times down
	@scripts/install-debian-packages.sh redis-server postgresql-15 openssl
	@export CHAOS_TIMES; CHAOS_TIMES=$$(mktemp); trap 'rm -f "$$CHAOS_TIMES"' EXIT; failed=0; \
	  node scripts/run-tests.ts packages/data-transfer/test/e2e/chaos >&2 || failed=1; \
	  node scripts/print-chaos.ts "$$CHAOS_TIMES" $(if $(KEEP),--keep) || failed=1; exit $$failed

bench: $(INSTALLED) ## measure memory, speed and latency; figures go to standard output
	@scripts/install-debian-packages.sh $(BENCH_PACKAGES)
	@node bench/run.ts
	@node bench/celery/run.ts

bench-check: $(INSTALLED) ## the same, and exit 1 where a promised figure is missed
	@scripts/install-debian-packages.sh $(BENCH_PACKAGES)
	@missed=0; node bench/run.ts --check || missed=1; node bench/celery/run.ts --check || missed=1; exit $$missed

e2e: $(INSTALLED) ## end-to-end tests on large real servers and real data; needs E2E_LAB (CONTRIBUTING.md)
	@scripts/install-debian-packages.sh redis-server postgresql-15 openssl xxhash strace libarchive-tools python3-celery python3-redis python3-msgpack python3-yaml python3-zstandard python3-brotli \
	  radosgw ceph-mon ceph-osd ceph-common curl buildah podman runc busybox-static netcat-openbsd
	@export E2E_FITS; E2E_FITS=$$(scripts/unpack-real-fits.sh); node scripts/run-tests.ts --e2e $(TESTS)
