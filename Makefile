# The door to everything; the work is in scripts/. CI calls only what is here.
#   make         release build: build/release/guildhall
#   make run     install what is missing, build, serve ./data on 127.0.0.1:$(PORT)
#   make test    everything; T=name for one test (a ctest name, or a file of tests/live, tests/clients),
#                PG=1 for it on PostgreSQL
#   make asan    the suites on an ASan+UBSan build          make tsan   the same on a TSan build
#   make docs    write docs/{API,CONFIG,GATEWAY}.md and guildhall.conf.sample anew from the tables
#   make fmt     format the sources                         make lint   clang, format and style checks
#   make bench   measurements (docs/BENCHMARKS.md)          make proof  the tests in their long forms
#   make soak    the gateway's simulation (tests/sim) for SOAK_SECONDS=3600, from a seed of its own
#   make fuzz-http, fuzz-ws, fuzz-json                      FUZZ_SECONDS=60 of libFuzzer
#   make clean

PORT ?= 8080
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 3600
T ?=
PG ?=

# Time budgets of the suites of `make test`, in seconds; a suite beyond it is ended and has failed.
export BUDGET_build_gcc ?= 300
export BUDGET_build_clang ?= 300
export BUDGET_build_asan ?= 360
export BUDGET_build_tsan ?= 360
export BUDGET_checks ?= 120
export BUDGET_unit ?= 240
export BUDGET_fuzz ?= 60
export BUDGET_crash ?= 300
export BUDGET_sim ?= 420
export BUDGET_live ?= 360
export BUDGET_clients ?= 240
export BUDGET_contract_pg ?= 360
export BUDGET_live_pg ?= 480
export BUDGET_clients_pg ?= 240
export BUDGET_asan_unit ?= 360
export BUDGET_asan_sim ?= 300
export BUDGET_asan_live ?= 480
export BUDGET_asan_contract_pg ?= 480
export BUDGET_asan_live_pg ?= 600
export BUDGET_tsan_unit ?= 360
export BUDGET_tsan_live ?= 600
export BUDGET_tsan_contract_pg ?= 600
export BUDGET_tsan_live_pg ?= 600

# One file of live or client tests.
export BUDGET_file ?= 180

C_FILES = $(shell find src tests bench -name node_modules -prune -o \( -name '*.[ch]' -o -name '*.cc' \) -print)

.PHONY: all run test asan tsan docs fmt lint bench proof soak clean

all:
	@scripts/build release guildhall

run:
	@scripts/setup run
	@scripts/build release guildhall
	@exec build/release/guildhall serve --data ./data --listen 127.0.0.1:$(PORT)

test:
	@scripts/setup test
ifeq ($(T),)
	@scripts/test build_gcc checks unit fuzz crash sim live clients contract_pg live_pg clients_pg build_clang \
	    build_asan asan_unit asan_sim asan_live asan_contract_pg build_tsan tsan_unit tsan_live tsan_contract_pg
else
	@scripts/test one$(if $(PG),_pg) '$(T)'
endif

asan:
	@scripts/setup test
	@scripts/test build_asan asan_unit asan_live asan_contract_pg asan_live_pg

tsan:
	@scripts/setup test
	@scripts/test build_tsan tsan_unit tsan_live tsan_contract_pg tsan_live_pg

docs:
	@scripts/build release guildhall
	@scripts/checks/docs --write

fmt:
	@clang-format -i $(C_FILES)

lint:
	@scripts/setup test
	@clang-format --dry-run -Werror $(C_FILES)
	@scripts/test build_gcc checks build_clang

bench:
	@scripts/setup bench
	@scripts/build release
	@bench/run

# A failure names its seed: sim_gateway --rounds 1 --seed N (tests/sim/README.md).
soak:
	@scripts/setup test
	@scripts/build release sim_gateway
	build/release/tests/sim/sim_gateway --seconds $(SOAK_SECONDS) --progress 60 \
	    --seed $${GUILDHALL_SEED:-$$(date +%s)}

# GUILDHALL_TEST_LONG=1 asks the tests for more rounds; ten times the budgets.
proof:
	@scripts/setup test
	@GUILDHALL_TEST_LONG=1 BUDGET_FACTOR=10 scripts/test build_gcc checks unit crash live clients \
	    contract_pg live_pg clients_pg \
	    build_asan asan_unit asan_live asan_contract_pg asan_live_pg \
	    build_tsan tsan_unit tsan_live tsan_contract_pg tsan_live_pg
	@for name in $$(ls tests/fuzz/corpus); do $(MAKE) fuzz-$$name FUZZ_SECONDS=600 || exit 1; done

fuzz-%:
	@scripts/setup test
	@scripts/build fuzz fuzz_$*
	@mkdir -p build/fuzz/found-$*
	build/fuzz/tests/fuzz/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/ \
	    build/fuzz/found-$* tests/fuzz/corpus/$*

clean:
	rm -rf build
