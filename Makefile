# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
# Containers, bridges and mounts need root.
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo -E)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help
help: ## List every target
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-22s %s\n", $$1, $$2}'

# --- the main job ---------------------------------------------------------------------------------

.PHONY: run-tools dev-tools
run-tools: ## Make .venv and install what the playbooks and the lab need
	@scripts/bootstrap run

dev-tools: ## That, and what linting and testing need
	@scripts/bootstrap dev

.PHONY: demo
demo: run-tools ## The main job in the lab: plan, provision, configure, verify
	@$(SUDO) $(PYTHON) scripts/demo.py

.PHONY: lab-up lab-down lab-status
lab-up: run-tools ## Start the lab: the emulated cluster and its three first machines
	@$(SUDO) $(PYTHON) scripts/lab.py up

lab-down: run-tools ## Stop the lab; no container, network, process, mount or namespace stays
	@$(SUDO) $(PYTHON) scripts/lab.py down

lab-status: run-tools ## Show what runs in the lab
	@$(SUDO) $(PYTHON) scripts/lab.py status

# --- tests ----------------------------------------------------------------------------------------

.PHONY: test
test: lint unit crash browser conformance collection molecule integration ## Everything that CI runs

.PHONY: lint
lint: dev-tools ## ruff, mypy --strict, yamllint, ansible-lint at profile production
	@ruff check .
	ruff format --check .
	mypy
	yamllint --strict .
	# Playbooks are parsed with an inventory that needs no cluster.
	ANSIBLE_INVENTORY=inventories/lab/localhost.yml ansible-lint

.PHONY: unit
unit: dev-tools ## Unit tests: three minutes, no container, no network
	@$(PYTHON) -m pytest -n 2 tests/unit

.PHONY: crash
crash: dev-tools ## Runs that are killed, doubled and disturbed at every call, against the emulator
	@$(PYTHON) -m pytest -n 2 tests/crash

.PHONY: drill-crash
drill-crash: dev-tools ## The table of calls at which a provisioning is killed, and what the next run makes of it
	@PYTHONPATH=collections:. $(PYTHON) -m tests.crash.drill

.PHONY: drill-cas
drill-cas: dev-tools ## A machine of the CAS dies while people log in: who saw an error, and for how long
	@$(SUDO) $(PYTHON) -m tests.drills.cas

.PHONY: drill-vip
drill-vip: dev-tools ## A load balancer joins, then one dies, under steady requests: what failed, and for how long
	@$(SUDO) $(PYTHON) -m tests.drills.vip

.PHONY: drill-leader
drill-leader: dev-tools ## The leader of a database cluster dies under writes: what writers saw, and what was lost
	@$(SUDO) $(PYTHON) -m tests.drills.leader

.PHONY: drill-restore
drill-restore: dev-tools ## Rows deleted by mistake are restored from the backup beside the running cluster
	@$(SUDO) $(PYTHON) -m tests.drills.restore

.PHONY: drill-mail
drill-mail: dev-tools ## A burst of mail with a dead destination in it: what arrived, how late, and what is lost
	@$(SUDO) $(PYTHON) -m tests.drills.mail

.PHONY: drill-surge
drill-surge: dev-tools ## A machine more in every tier while people are signed in: what fails for them
	@$(SUDO) env PYTHONPATH=collections:. $(PYTHON) -m tests.drills.surge

.PHONY: browser
browser: dev-tools ## The report in a headless browser, as people see it
	@$(PYTHON) -m pytest tests/browser

.PHONY: conformance
conformance: dev-tools ## The emulator against recordings of a real Proxmox VE 8.4
	@$(PYTHON) -m pytest tests/conformance

.PHONY: collection
collection: dev-tools ## Build the collection, install it elsewhere and use it there
	@$(PYTHON) -m pytest tests/collection

.PHONY: molecule
molecule: dev-tools ## Every role in booted machines; SCENARIO=web runs one, FORCE=1 ignores earlier passes
	@$(SUDO) $(PYTHON) scripts/molecule.py $(if $(FORCE),--force) $(SCENARIO)

.PHONY: integration
integration: dev-tools ## The lab end to end: demo, demo again, failures, nothing left behind
	@$(SUDO) $(PYTHON) -m pytest tests/integration

.PHONY: test-netbox
test-netbox: dev-tools ## NetBox as the source of the stock, against a real one: 5 minutes at first, then 1; not in test
	@$(PYTHON) -m pytest -s tests/netbox

.PHONY: bench-pve-emulator
bench-pve-emulator: dev-tools ## Requests per second of the Proxmox VE emulator
	@$(PYTHON) tests/bench/pve_emulator.py

.PHONY: bench-plan
bench-plan: dev-tools ## The planner on the example fleet and on 5,000 machines, beside first fit decreasing
	@PYTHONPATH=collections:. $(PYTHON) -m tests.bench.plan

.PHONY: bench-inventory
bench-inventory: dev-tools ## The inventory at 700 and 10,000 guests, beside community.proxmox's: 3 minutes
	@PYTHONPATH=collections:. $(PYTHON) -m tests.bench.inventory

.PHONY: bench-journal
bench-journal: dev-tools ## What the journal costs a run of 200 hosts, in percent
	@$(PYTHON) tests/bench/journal.py

.PHONY: bench-clones
bench-clones: dev-tools ## A hundred guests beside a loop over proxmox_kvm, and beside what the locks permit: 12 minutes
	@PYTHONPATH=collections:. $(PYTHON) -m tests.bench.clones

.PHONY: clean
clean: ## Remove what the project made in its own folder (.venv stays)
	@rm -rf build artifacts .mypy_cache .ruff_cache .pytest_cache .ansible
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
