# sn: twin networks as Unix filters.  `make` builds, `make check` tests, `make demo` runs the main job.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PROGRAMS = $(notdir $(basename $(wildcard cmd/sn-*.c)))

VERSION := 0.1.0
PREFIX = /usr/local
DESTDIR =
BUILD = build
STD = gnu11
CFLAGS = -O2 -g
WERROR = $(if $(CI),-Werror)
SANITIZE =
# What is built, a word a line; V=1 shows the commands.
V = 0
silent = $(findstring s,$(firstword -$(MAKEFLAGS)))
show = $(if $(filter 0,$(V)),@$(if $(silent),,printf '  %-3s %s\n' $(1) $@;) )

# Debian packages: what is needed to build, to test and demonstrate, to lint.
BUILD_PACKAGES = build-essential pkg-config libopenblas-dev libmsgpack-dev libstb-dev zlib1g-dev libxxhash-dev libexif-dev libjson-c-dev
CHECK_PACKAGES = bats parallel valgrind mandoc python3-msgpack-numpy dataset-fashion-mnist
FUZZ_PACKAGES = clang libclang-rt-dev
LINT_PACKAGES = clang clang-format clang-tidy shellcheck mandoc

MODULES = openblas msgpack zlib libxxhash libexif json-c
HAVE := $(shell pkg-config --exists $(MODULES) stb 2>/dev/null && echo yes)
ifeq ($(HAVE),yes)
PKG_CFLAGS := $(shell pkg-config --cflags $(MODULES) stb)
PKG_LIBS := $(shell pkg-config --libs $(MODULES))
endif

ALL_CFLAGS = -std=$(STD) -Iinclude -D_GNU_SOURCE -DSN_VERSION='"$(VERSION)"' -fPIC -pthread -Wall -Wextra $(WERROR) \
	$(PKG_CFLAGS) $(CFLAGS) $(SANITIZE)
# A program is linked with what it calls: each library more takes time at every start.
LIBS = -Wl,--as-needed $(PKG_LIBS) -lm -pthread

# The kernels' inner loops, lib/kernel/simd, are compiled once for each instruction set; lib/kernel/isa.c chooses at start.
ISAS = $(if $(filter x86_64,$(shell uname -m)),v4 v3 v2) generic
ISA_v4 = -march=x86-64-v4 -mprefer-vector-width=512 -DSN_ISA=v4 -DSN_LANES=16 -DSN_SIMD_NAME='"x86-64-v4"'
ISA_v3 = -march=x86-64-v3 -DSN_ISA=v3 -DSN_LANES=8 -DSN_SIMD_NAME='"x86-64-v3"'
ISA_v2 = -march=x86-64-v2 -DSN_ISA=v2 -DSN_LANES=4 -DSN_SIMD_NAME='"x86-64-v2"'
ISA_generic = -DSN_ISA=generic -DSN_LANES=4 -DSN_SIMD_NAME='"generic"'

LIB_SOURCES = $(wildcard lib/*/*.c)
SIMD_SOURCES = $(wildcard lib/kernel/simd/*.c)
SIMD_OBJECTS = $(foreach isa,$(ISAS),$(SIMD_SOURCES:lib/kernel/simd/%.c=$(BUILD)/lib/kernel/simd/$(isa)/%.o))
LIB_OBJECTS = $(LIB_SOURCES:%.c=$(BUILD)/%.o) $(SIMD_OBJECTS)
CMD_SHARED = $(patsubst %.c,$(BUILD)/%.o,$(filter-out cmd/sn-%.c,$(wildcard cmd/*.c)))
BINARIES = $(PROGRAMS:%=$(BUILD)/bin/%)
UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c tests/unit/make_*.c))
UNIT_SHARED = $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/unit/test_%.c tests/unit/make_%.c,$(wildcard tests/unit/*.c)))

.PHONY: all check demo deps lint-deps install uninstall lint asan fuzz bench bench-nets bench-peers bench-data bench-accuracy record-instructions clean need unit run-check run-demo
.SECONDARY:

all: need $(BINARIES) $(BUILD)/libsn.a $(BUILD)/libsn.so

need:
	@[ "$(HAVE)" = yes ] || { echo "make: packages are missing; 'make deps' installs them: $(BUILD_PACKAGES)" >&2; exit 1; }

# The arithmetic wants its loops vectorised, which gcc does in earnest from -O3 on.
$(BUILD)/lib/kernel/%.o $(BUILD)/lib/net/%.o $(BUILD)/lib/image/augment%.o: CFLAGS += -O3
$(BUILD)/lib/eval/bootstrap.o $(BUILD)/lib/image/stb.o $(BUILD)/lib/train/whitening.o: CFLAGS += -O3
# Distances are the same to the bit on every processor: no product and sum rounded as one.
$(BUILD)/lib/eval/sums.o: CFLAGS += -O3 -ffp-contract=off
$(BUILD)/lib/eval/products.o: CFLAGS += -O3

define simd-rule
$$(BUILD)/lib/kernel/simd/$(1)/%.o: lib/kernel/simd/%.c Makefile | need
	@mkdir -p $$(@D)
	$$(call show,CC)$$(CC) $$(ALL_CFLAGS) -O3 -fno-math-errno $$(ISA_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(ISAS),$(eval $(call simd-rule,$(isa))))
# Instructions beyond the level, which low.c of lib/kernel asks the processor for.
$(BUILD)/lib/kernel/simd/v4/low.o: ISA_v4 += -mavx512bf16 -mavx512vnni

$(BUILD)/%.o: %.c Makefile | need
	@mkdir -p $(@D)
	$(call show,CC)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libsn.a: $(LIB_OBJECTS)
	@rm -f $@
	$(call show,AR)$(AR) rcs $@ $^

$(BUILD)/libsn.so: $(LIB_OBJECTS)
	$(call show,LD)$(CC) $(CFLAGS) $(SANITIZE) -shared -o $@ $^ $(LIBS)

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(CMD_SHARED) $(BUILD)/libsn.a
	@mkdir -p $(@D)
	$(call show,LD)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(UNIT_SHARED) $(BUILD)/libsn.a
	@mkdir -p $(@D)
	$(call show,LD)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LIBS)

unit: need $(UNIT_TESTS)

# check and demo first install what is missing, then start make anew so that pkg-config's answers are fresh.
check:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory run-check

demo:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory run-demo

run-check: all unit $(BUILD)/bench/pieces
	tests/run $(BUILD) $(TESTS)

run-demo: all
	$(MAKE) --no-print-directory -C pipelines/demo BIN=$(abspath $(BUILD)/bin)

# install-packages PACKAGES: apt-get for those that are missing, through sudo where we are not root.
define install-packages
	@missing=; for p in $(1); do \
		[ "$$(dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || missing="$$missing $$p"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	install="apt-get install -y --no-install-recommends$$missing"; \
	if ! command -v apt-get >/dev/null; then \
		echo "make: this is no Debian; install the like of:$$missing" >&2; exit 1; \
	elif [ "$$(id -u)" = 0 ]; then sudo=; \
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then sudo=sudo; \
	else echo "make: packages are missing; as root run: apt-get update && $$install" >&2; exit 1; fi; \
	echo "make: installing$$missing$${sudo:+ (through sudo)}"; \
	$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo $$install -qq >/dev/null
endef

deps:
	$(call install-packages,$(BUILD_PACKAGES) $(CHECK_PACKAGES))

lint-deps:
	$(call install-packages,$(BUILD_PACKAGES) $(LINT_PACKAGES))

C_FILES = $(wildcard cmd/*.[ch] lib/*/*.[ch] lib/kernel/simd/*.[ch] include/sn/*.h tests/unit/*.[ch] tests/fuzz/*.c tests/bench/*.c)
SHELL_FILES = tests/run .ci/run $(addprefix pipelines/,expected mean result timed) $(wildcard tests/*.bash) $(addprefix tests/bench/,accuracy compare data instructions peers/find)

lint: lint-deps
	clang-format --dry-run -Werror $(C_FILES)
	printf '%s\n' $(filter %.c,$(C_FILES)) | xargs -P "$$(nproc)" -I{} \
		clang-tidy --quiet {} -- -std=$(STD) -Iinclude -D_GNU_SOURCE -DSN_VERSION='""' $(PKG_CFLAGS) $(ISA_generic)
	shellcheck -S warning $(SHELL_FILES)
	shellcheck -s bash -S warning -e SC2154 $(wildcard tests/*.bats)
	mandoc -T lint -W warning man/*.[157] >&2

# The same suite with the address and undefined-behaviour sanitizers.
asan:
	@$(MAKE) --no-print-directory deps
	ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 OPENBLAS_NUM_THREADS=1 \
	$(MAKE) --no-print-directory run-check BUILD=build/asan CFLAGS="-O1 -g -fno-omit-frame-pointer" \
		SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all"

# The reader on bytes of chance, for FUZZ_SECONDS each way; see tests/fuzz/README.md.
FUZZ_SECONDS = 60
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz:
	$(call install-packages,$(BUILD_PACKAGES) $(FUZZ_PACKAGES))
	@$(MAKE) --no-print-directory run-fuzz BUILD=build/fuzz CC=clang CFLAGS="-O1 -g -fno-omit-frame-pointer" \
		SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"

FUZZ_OBJECTS = $(filter $(BUILD)/lib/base/% $(BUILD)/lib/stream/%,$(LIB_OBJECTS))
run-fuzz: need $(FUZZ_OBJECTS)
	@mkdir -p $(BUILD)/seeds
	cp tests/broken/*.sn tests/fuzz/seed.json $(BUILD)/seeds
	for f in $(FUZZERS); do \
		$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $(BUILD)/$$f tests/fuzz/$$f.c $(FUZZ_OBJECTS) $(LIBS); \
		mkdir -p $(BUILD)/$$f.corpus; \
		$(BUILD)/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=4096 \
			-print_final_stats=1 -artifact_prefix=$(BUILD)/ $(BUILD)/$$f.corpus $(BUILD)/seeds; \
	done

# What tests/bench/README.md describes: ours beside the peers that are installed, and the ratios.
bench: bench-peers bench-data bench-accuracy

# Rows alone: net, mode, batch, images/s; BENCH_SECONDS for each.
bench-nets: need $(BUILD)/bench/nets
	@$(BUILD)/bench/nets

bench-peers: need $(BUILD)/bench/nets
	@tests/bench/compare $(BUILD)

bench-data: all $(BUILD)/bench/nets $(BUILD)/bench/stb
	@tests/bench/data $(BUILD)

# Debian's stb_image as it is, beside ours
$(BUILD)/bench/stb: LIBS = -lstb

bench-accuracy: all $(BUILD)/bench/nets
	@tests/bench/accuracy $(BUILD)

# After a change of the kernels that is meant to take more instructions (or fewer, to guard that).
record-instructions: need $(BUILD)/bench/pieces
	@tests/bench/instructions --record $(BUILD)

$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libsn.a
	@mkdir -p $(@D)
	$(call show,LD)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LIBS)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include/sn \
		$(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man7
	install $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(BUILD)/libsn.a $(DESTDIR)$(PREFIX)/lib
	install $(BUILD)/libsn.so $(DESTDIR)$(PREFIX)/lib
	install -m 644 include/sn/*.h $(DESTDIR)$(PREFIX)/include/sn
	for s in 1 5 7; do install -m 644 man/*.$$s $(DESTDIR)$(PREFIX)/share/man/man$$s; done

uninstall:
	cd $(DESTDIR)$(PREFIX)/bin && rm -f $(PROGRAMS)
	rm -f $(DESTDIR)$(PREFIX)/lib/libsn.a $(DESTDIR)$(PREFIX)/lib/libsn.so
	rm -rf $(DESTDIR)$(PREFIX)/include/sn
	for s in 1 5 7; do for f in man/*.$$s; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$$s/$${f#man/}; done; done

clean:
	rm -rf $(BUILD)
	[ ! -f pipelines/demo/Makefile ] || $(MAKE) --no-print-directory -C pipelines/demo clean

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
