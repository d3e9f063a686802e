# One command per chore, the same on a desk and in CI. Each prints one line per step.
#
#   make build    the server and the worker's library, optimised: .build/release/roost, libRoostWorker.so
#   make run      build, then serve the example dashboard and print its address
#   make run-streamlit   the same for the Streamlit example, in two processes
#   make test     every test: Swift's, the worker's on each CPython found, and the real server on a socket
#   make test-root   of it what only root can see, and the server with a container's rights; `make test` runs it when it is root
#   make test-pythons  what serves ASGI apps, each test on each CPython found, with uvloop and frameworks (installs about 1 GB)
#   make test-frameworks  Gradio, Shiny, NiceGUI, Panel and others, each served for real (installs about 1 GB)
#   make fuzz     feed the parsers and the frame reader what nobody would send (FUZZ_SECONDS=20 each)
#   make chaos    kill and reload workers under load and account for each request (CHAOS_SECONDS=60)
#   make faults   put every fault into Roost and its peers and write docs/faults.md (FAULTS_ONLY=drain)
#   make bench    measure beside the peers and write docs/benchmarks.md (BENCH_ONLY=hello, BENCH_QUICK=1)
#   make format   rewrite the Swift sources in the house style
#   make check    style, links and other cheap readings; changes nothing
#   make docs     write the reference pages anew from the code
#   make clean    remove everything built

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: build run run-streamlit test test-root test-pythons test-frameworks fuzz chaos faults bench format check docs clean

# One set of flags for both products, so that nothing is built twice. `-s`: no symbol tables in what is served from.
RELEASE := swift build --configuration release --static-swift-stdlib -Xlinker -s
VENV := .venv/bin/python
# The tests run as an ordinary user even when we are root, see the script.
AS_USER := $(VENV) scripts/as_user.py
USER_PYTEST := $(AS_USER) $(VENV) -m pytest -p no:dash -p no:cacheprovider
CONTAINER_TESTS := test_http.py test_asgi_http.py test_unix_socket.py test_reload.py test_crashes.py test_websocket.py
RUN_ON ?= 127.0.0.1:8000

build:
	@scripts/setup.sh build
	@echo "build: roost"
	@$(RELEASE) --product roost
	@echo "build: libRoostWorker.so"
	@$(RELEASE) --product RoostWorker
	@echo "build: done, $$(du -h .build/release/roost | cut -f1) .build/release/roost, $$(du -h .build/release/libRoostWorker.so | cut -f1) .build/release/libRoostWorker.so"

run: build
	@scripts/setup.sh run
	@echo "run: http://$(RUN_ON)/ (Ctrl-C stops)"
	@exec .build/release/roost serve sales_dash:server --app-dir examples --python $(VENV) --bind $(RUN_ON)

run-streamlit: build
	@scripts/setup.sh run-streamlit
	@echo "run-streamlit: http://$(RUN_ON)/ (Ctrl-C stops)"
	@exec .build/release/roost serve sales_streamlit.py --app-dir examples --processes 2 --python $(VENV) --bind $(RUN_ON)

test:
	@scripts/setup.sh build test light-frameworks
	@echo "test: the values and the server in process"
	@swift test
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory build
	@echo "test: the worker on each CPython, against a front written in Python"
	@$(USER_PYTEST) -q Tests/python
	@echo "test: the benchmark's arithmetic"
	@$(USER_PYTEST) -q bench/tests
	@echo "test: the client that accounts for its requests"
	@$(USER_PYTEST) -q Tests/load
	@echo "test: the promises of docs/faults.md"
	@$(USER_PYTEST) -q Tests/faults
	@echo "test: chaos under load"
	@$(AS_USER) $(VENV) Tests/chaos/chaos.py --seconds $(or $(CHAOS_SECONDS),60)
	@$(MAKE) --no-print-directory test-root
	@echo "test: the real server on a socket, as an ordinary user"
	@$(USER_PYTEST) Tests/acceptance $(PYTEST)

# What only root can see, when we are: --user, control groups, full disks; and the server with a container's rights.
test-root:
	@[ "$$(id -u)" -eq 0 ] || { echo "test-root: NOT TESTED, needs root: --user, control groups, a container's rights"; exit 0; }; \
	echo "test-root: what needs root"; \
	$(VENV) -m pytest -p no:dash -q Tests/acceptance -m root && \
	$(VENV) -m pytest -p no:dash -q Tests/faults -k gluttonous && \
	echo "test-root: as process 1 of a pid namespace, with a container's default capabilities" && \
	ROOST_TEST_CONTAINER=1 $(VENV) -m pytest -p no:dash -q $(addprefix Tests/acceptance/,$(CONTAINER_TESTS))

test-pythons: build
	@scripts/setup.sh test light-frameworks pythons
	@echo "test-pythons: HTTP, WebSockets, sessions, frameworks and Streamlit on each CPython, each test on every one"
	@$(VENV) -m pytest -p no:dash Tests/acceptance --pythons all -m pythons $(PYTEST)

test-frameworks: build
	@scripts/setup.sh test frameworks
	@echo "test-frameworks: each framework served with two processes, by its own client or a browser"
	@$(VENV) -m pytest -p no:dash Tests/frameworks $(PYTEST)

fuzz:
	@scripts/fuzz.sh $(or $(FUZZ_SECONDS),20)

chaos: build
	@scripts/setup.sh test
	@$(VENV) Tests/chaos/chaos.py --seconds $(or $(CHAOS_SECONDS),60)

faults: build
	@scripts/setup.sh test bench
	@python3 bench/run.py --install
	@echo "faults: about 20 minutes; results go to docs/faults.json and docs/faults.md"
	@python3 Tests/faults/run.py

bench: build
	@scripts/setup.sh bench
	@echo "bench: measuring; results go to bench/results and docs/benchmarks.md"
	@python3 bench/run.py

format:
	@echo "format: Sources Tests Package.swift"
	@swift format format --in-place --parallel --recursive Sources Tests Package.swift

check:
	@scripts/check.sh

docs: build
	@echo "docs: docs/configuration.md, from Sources/RoostConfiguration/Options"
	@.build/release/roost config --reference > .build/configuration.md
	@mv .build/configuration.md docs/configuration.md

clean:
	@echo "clean: .build .venv .venv-bench .venv-frameworks .venv-pythons"
	@rm -rf .build .venv .venv-bench .venv-frameworks .venv-pythons
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
