# Copyright (C) chatws contributors
#
#   make            build/ngx_http_chatws_module.so for the nginx on PATH
#   make run        install what is missing, build, serve on port 8000
#   make test       install what is missing, run every test
#   make check      style and rooms only
#   make unit       unit tests and fuzz corpora under sanitizers
#   make fuzz       each fuzz target for FUZZ_TIME seconds (60), with clang
#   make install    copy the module to where that nginx looks for modules
#   make uninstall  remove it from there
#   make deb        build/libnginx-mod-http-chatws_*.deb
#   make web        the browser client, with nginx and without
#   make e2e        the demo in a browser
#   make run-app    the demo on top of an example of an app server
#   make soak       thousands of clients, kills and reloads, for a long time
#   make bench      side by side with peers, see t/bench/run --help
#   make clean      remove build/
#
# These need root, and minutes:
#
#   make deb-test     install that package in a fresh Debian 12
#   make docker-test  run docker/ in a fresh Debian 12, without Docker
#   make matrix       build for three versions of nginx, and test
#
# NGINX=/path/to/nginx    another nginx to build for
# NGINX_SRC=/path         another nginx source tree
# CC=clang                another compiler
# JOBS=4                  how many compilers or tests at once
# PORT=8001               another port for "make run" and "make run-app"
# ENCRYPT=on              encrypted messages in "make run-app"
# DESTDIR=/tmp/root       a root directory to install below
# MODULES_PATH=/path      another directory to install in

SHELL = /bin/sh

PATH := $(PATH):/usr/sbin:/usr/local/sbin
export PATH

ifeq ($(strip $(NGINX_SRC)),)
NGINX_SRC = /usr/share/nginx/src
endif

ifeq ($(strip $(NGINX)),)
NGINX = $(shell PATH="$(PATH)" && command -v nginx)
endif

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))

BUILD = $(CURDIR)/build
MODULE = $(BUILD)/ngx_http_chatws_module.so
ECHO_MODULE = $(BUILD)/ngx_http_chatws_echo_module.so
GUEST_MODULE = $(BUILD)/ngx_http_chatws_guest_module.so

SOURCES = $(wildcard *.c src/*/*.c src/*/*.h)

export CC NGINX NGINX_SRC JOBS


.PHONY: all echo run run-app install uninstall deb deb-test docker-test \
	matrix test check unit fuzz soak web e2e bench units clean FORCE

all: $(MODULE)

# modules that only the tests load

echo: $(ECHO_MODULE) $(GUEST_MODULE)


# The module.  nginx's own configure runs in a copy of the source tree, with
# the options of the nginx to build for; its makefile then compiles what has
# changed, with a dot for each file.

DOTS = CC='printf . >&2; $(CC)'

$(MODULE): $(BUILD)/module/Makefile $(SOURCES)
	@echo "building build/$(@F) for $(or $(NGINX),$(NGINX_SRC))"
	+@$(MAKE) --no-print-directory -s $(PARALLEL) -C build/module \
		-f objs/Makefile $(DOTS) modules
	@echo >&2
	@cp build/module/objs/$(@F) $@.new && mv $@.new $@

$(BUILD)/module/Makefile: config tools/configure build/module.key
	@echo "configuring the sources of nginx"
	@tools/configure module "$(CURDIR)"
	@touch $@

$(ECHO_MODULE): $(BUILD)/echo/Makefile $(SOURCES) $(wildcard t/echo/*.[ch])
	@echo "building build/$(@F) for $(or $(NGINX),$(NGINX_SRC))"
	+@$(MAKE) --no-print-directory -s $(PARALLEL) -C build/echo \
		-f objs/Makefile $(DOTS) modules
	@echo >&2
	@cp build/echo/objs/$(@F) $@.new && mv $@.new $@

# the echo module takes all files of a room: config changes when a file is added

$(BUILD)/echo/Makefile: config t/echo/config tools/configure build/echo.key
	@echo "configuring the sources of nginx"
	@tools/configure echo "$(CURDIR)/t/echo"
	@touch $@

$(GUEST_MODULE): $(BUILD)/guest/Makefile $(wildcard t/guest/*.c)
	@echo "building build/$(@F) for $(or $(NGINX),$(NGINX_SRC))"
	+@$(MAKE) --no-print-directory -s $(PARALLEL) -C build/guest \
		-f objs/Makefile modules
	@cp build/guest/objs/$(@F) $@.new && mv $@.new $@

$(BUILD)/guest/Makefile: t/guest/config tools/configure build/guest.key
	@tools/configure guest "$(CURDIR)/t/guest"
	@touch $@

build/%.key: FORCE
	@mkdir -p build
	@tools/configure --key > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi


# The demo: a prefix of its own, no root needed

run:
	@tools/packages build
	+@$(MAKE) --no-print-directory all
	@exec tools/run

# the same on top of the example of an app server

run-app:
	@tools/packages build app
	+@$(MAKE) --no-print-directory all
	@exec conf/app/run


# Installation

export DESTDIR MODULES_PATH

install: $(MODULE)
	@exec tools/install

uninstall:
	@exec tools/install --remove

deb:
	@tools/packages deb
	@exec tools/deb

deb-test: deb
	@exec tools/deb-test

docker-test:
	@exec tools/docker-test

matrix:
	@tools/packages build test matrix
	@exec tools/matrix


# The tests

test:
	@tools/packages build test
	+@$(MAKE) --no-print-directory all echo
	@exec tools/test

check:
	@exec tools/test check

unit:
	@exec tools/test unit

fuzz:
	@tools/packages build fuzz
	@exec t/fuzz/run

soak:
	@tools/packages build test
	+@$(MAKE) --no-print-directory all
	@exec t/soak/run

web:
	@tools/packages build test
	+@$(MAKE) --no-print-directory all
	@exec t/web/run

e2e:
	@tools/packages build test app
	+@$(MAKE) --no-print-directory all
	@exec t/web/e2e

# side by side with peers; BENCH has options of t/bench/run

bench:
	@tools/packages build bench
	+@$(MAKE) --no-print-directory all echo
	@$(MAKE) --no-print-directory -C t/bench all ws parts
	@exec t/bench/run $(BENCH)


# Unit tests include the files under test; each fuzz target is linked with a
# main() that replays its corpus

UNITS = $(patsubst t/unit/%.c,build/unit/%.run,$(wildcard t/unit/*/test_*.c))
FUZZ = $(patsubst t/fuzz/%.c,build/fuzz/%.run,$(wildcard t/fuzz/fuzz_*.c))

UNIT_CC = gcc -std=gnu99 -g -O1 -Wall -Wextra -Werror -pthread \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -I src -I t/unit -MMD -MF $@.d \
	-DTEST_DATA='"$(CURDIR)/t/unit/token/data/"'

units: $(UNITS) $(FUZZ)

build/unit/%.run: t/unit/%.c
	@mkdir -p $(@D)
	@echo "$<"
	@$(UNIT_CC) -o $@ $< -lyajl -lcrypto -lz -lm

build/fuzz/%.run: t/fuzz/%.c t/fuzz/replay.c
	@mkdir -p $(@D)
	@echo "$<"
	@$(UNIT_CC) -o $@.bin $< t/fuzz/replay.c -lyajl -lcrypto -lz -lm
	@printf '#!/bin/sh\nexec %s %s\n' "$(CURDIR)/$@.bin" \
		"$(CURDIR)/t/fuzz/corpus/$(patsubst fuzz_%,%,$*)" > $@
	@chmod +x $@

-include $(wildcard build/unit/*/*.d build/fuzz/*.d)

clean:
	rm -rf build
