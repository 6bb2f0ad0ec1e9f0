# Copyright (C) chatws contributors
#
#   make            build/ngx_http_chatws_module.so for the nginx on PATH
#   make clean      remove build/
#
# NGINX=/path/to/nginx    another nginx to build for
# NGINX_SRC=/path         another nginx source tree
# CC=clang                another compiler
# JOBS=4                  how many compilers or tests at once

SHELL = /bin/sh

PATH := $(PATH):/usr/sbin:/usr/local/sbin
export PATH

ifeq ($(origin NGINX_SRC), undefined)
NGINX_SRC = /usr/share/nginx/src
endif

ifeq ($(origin NGINX), undefined)
NGINX = $(shell command -v nginx)
endif

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))

BUILD = $(CURDIR)/build
MODULE = $(BUILD)/ngx_http_chatws_module.so
ECHO_MODULE = $(BUILD)/ngx_http_chatws_echo_module.so

SOURCES = $(wildcard *.c src/*.c src/*.h)

export CC NGINX NGINX_SRC JOBS


.PHONY: all echo clean FORCE

all: $(MODULE)

echo: $(ECHO_MODULE)


# The module.  nginx's own configure runs in a copy of the source tree, with
# the options of the nginx to build for; its makefile then compiles what has
# changed.

$(MODULE): $(BUILD)/module/Makefile $(SOURCES)
	+@$(MAKE) --no-print-directory $(PARALLEL) -C build/module \
		-f objs/Makefile modules
	@cp build/module/objs/$(@F) $@.new && mv $@.new $@

$(BUILD)/module/Makefile: config t/tools/configure build/module.key
	@t/tools/configure module "$(CURDIR)"
	@touch $@

$(ECHO_MODULE): $(BUILD)/echo/Makefile $(SOURCES) $(wildcard t/echo/*.[ch])
	+@$(MAKE) --no-print-directory $(PARALLEL) -C build/echo \
		-f objs/Makefile modules
	@cp build/echo/objs/$(@F) $@.new && mv $@.new $@

$(BUILD)/echo/Makefile: t/echo/config t/tools/configure build/echo.key
	@t/tools/configure echo "$(CURDIR)/t/echo"
	@touch $@

build/%.key: FORCE
	@mkdir -p build
	@t/tools/configure --key > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi


clean:
	rm -rf build
