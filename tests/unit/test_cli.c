/* test_cli - the table of options: values, what is given, the history entry; refusals end with 2.
 */
#include <sys/wait.h>
#include "test.h"
#include "../../cmd/cli.c"
#include "../../cmd/cli_history.c"
#include "../../cmd/cli_usage.c"
#include "../../cmd/cli_values.c"

static const char *const colours[] = { "red", "green", "blue", NULL };

static struct cli_common common;
static struct {
	bool flag;
	uint64_t count, maybe, omitted;
	double real, unset;
	const char *text, *file;
	unsigned colour;
	size_t size[2];
} v;

static void set_defaults(void)
{
	common = (struct cli_common)CLI_COMMON_INIT;
	memset(&v, 0, sizeof v);
	v.count = 5;
	v.real = 0.5;
	v.unset = NAN;
	v.colour = 1;
	v.size[0] = v.size[1] = 28;
}

static const struct cli_option table[] = {
	{ 'f', "flag", CLI_FLAG, &v.flag, NULL, "a flag", 0, 0, NULL, 0 },
	{ 'c', "count", CLI_COUNT, &v.count, "N", "a count", 1, 100, NULL, 0 },
	{ 0, "maybe", CLI_OPTIONAL_COUNT, &v.maybe, "N", "perhaps a count", 0, 0, NULL, 0 },
	{ 'n', "omitted", CLI_COUNT, &v.omitted, "N", "kept when given", 0, 1000, NULL, CLI_OMIT },
	{ 'r', "real", CLI_REAL, &v.real, "X", "a real", 0, 1, NULL, 0 },
	{ 'u', "unset", CLI_REAL, &v.unset, "X", "no default", 0, 0, NULL, 0 },
	{ 'x', "text", CLI_TEXT, &v.text, "TEXT", "a text", 0, 0, NULL, 0 },
	{ 'm', "model", CLI_FILE, &v.file, "FILE", "a file", 0, 0, NULL, CLI_INPUT },
	{ 0, "colour", CLI_CHOICE, &v.colour, "NAME", "a colour", 0, 0, colours, 0 },
	{ 0, "size", CLI_SIZE, v.size, "WxH", "a size", 0, 0, NULL, 0 },
	CLI_OUT(common),
	CLI_QUIET(common),
	CLI_THREADS(common),
	CLI_SEED(common),
	CLI_END,
};

static const struct cli_program program = { "sn-test", "[FILE]", "tests", "sn-test", table, 0 };

/* Parse a line of words; returns the index of the first operand. */
static int parse(const char *line, char **argv, int *argc)
{
	static char words[1024];
	char *rest = words;

	set_defaults();
	memset(&cli_run, 0, sizeof cli_run);
	optind = 0;
	snprintf(words, sizeof words, "%s", line);
	*argc = 0;
	argv[(*argc)++] = "sn-test";
	while ((argv[*argc] = strsep(&rest, " ")))
		if (*argv[*argc])
			(*argc)++;
	return cli_parse(&program, *argc, argv);
}

static void forget(void)
{
	for (size_t i = 0; i < cli_run.inputs; i++)
		free(cli_run.input[i].key);
	free(cli_run.input);
	free(cli_run.given);
	free(cli_run.usage);
	msgpack_sbuffer_destroy(&cli_run.history);
}

static void test_values(void)
{
	char *argv[64];
	int argc, first;

	first = parse("", argv, &argc);
	CHECK(first == argc && !v.flag && v.count == 5 && v.colour == 1 && !cli_given("flag"));
	CHECK(strcmp(common.out, "-") == 0 && common.seed == 1);
	forget();
	first = parse(
		"-f -c 7 --maybe --real=0.25 -u -1e-3 a --colour blue --size 32x16 -x= -m w.bin "
		"-s 18446744073709551615 -- -b",
		argv, &argc);
	CHECK(argc - first == 2 && strcmp(argv[first], "a") == 0 &&
	      strcmp(argv[first + 1], "-b") == 0);
	CHECK(v.flag && v.count == 7 && v.maybe == UINT64_MAX && v.real == 0.25 &&
	      v.unset == -1e-3);
	CHECK(v.colour == 2 && v.size[0] == 32 && v.size[1] == 16 && strcmp(v.text, "=") == 0);
	CHECK(strcmp(v.file, "w.bin") == 0 && common.seed == UINT64_MAX);
	CHECK(cli_given("flag") && cli_given("seed") && !cli_given("quiet") && !cli_given("none"));
	forget();
	/* the last one counts */
	parse("-c1 -c100 --maybe=3 --maybe --maybe=4", argv, &argc);
	CHECK(v.count == 100 && v.maybe == 4);
	forget();
	/* in the middle of a bundle, and glued to its letter */
	parse("-fqc9 -r.5", argv, &argc);
	CHECK(v.flag && common.quiet && v.count == 9 && v.real == 0.5);
	forget();
}

static const msgpack_object *entry(msgpack_object *o, msgpack_zone *zone, const char *key)
{
	MUST(sn_unpack(o, zone, cli_history()));
	return sn_map_get(o, key);
}

static int is_text(const msgpack_object *o, const char *wanted)
{
	return o && o->type == MSGPACK_OBJECT_STR && o->via.str.size == strlen(wanted) &&
	       memcmp(o->via.str.ptr, wanted, o->via.str.size) == 0;
}

static void test_history(void)
{
	char *argv[64];
	msgpack_zone zone;
	msgpack_object o;
	const msgpack_object *options, *value;
	int argc;

	CHECK(msgpack_zone_init(&zone, 1024));
	parse("-f -x a\\b\xff -o out -j 3 -q -m w.bin", argv, &argc);
	CHECK(entry(&o, &zone, "inputs") == NULL);
	CHECK(is_text(entry(&o, &zone, "cmd"), "sn-test"));
	CHECK(is_text(sn_map_get(&o, "version"), SN_VERSION));
	options = sn_map_get(&o, "options");
	CHECK(options && options->type == MSGPACK_OBJECT_MAP && options->via.map.size == 9);
	/* all that can change the result, defaults too, in order of their names */
	for (uint32_t i = 0; i + 1 < options->via.map.size; i++) {
		const msgpack_object_str *a = &options->via.map.ptr[i].key.via.str;
		const msgpack_object_str *b = &options->via.map.ptr[i + 1].key.via.str;

		CHECK(memcmp(a->ptr, b->ptr, a->size < b->size ? a->size : b->size) < 0);
	}
	CHECK((value = sn_map_get(options, "flag")) && value->type == MSGPACK_OBJECT_BOOLEAN &&
	      value->via.boolean);
	CHECK((value = sn_map_get(options, "count")) && value->via.u64 == 5);
	CHECK((value = sn_map_get(options, "real")) && value->via.f64 == 0.5);
	CHECK((value = sn_map_get(options, "unset")) && value->type == MSGPACK_OBJECT_NIL);
	CHECK(is_text(sn_map_get(options, "text"), "a\\x5cb\\xff"));
	CHECK(is_text(sn_map_get(options, "colour"), "green"));
	CHECK(is_text(sn_map_get(options, "size"), "28x28"));
	CHECK((value = sn_map_get(options, "seed")) && value->via.u64 == 1);
	CHECK(!sn_map_get(options, "omitted") && !sn_map_get(options, "model"));
	CHECK(!sn_map_get(options, "threads") && !sn_map_get(options, "output"));
	forget();

	parse("-n 3 --maybe", argv, &argc);
	cli_input_sum("model", 0xfedcba9876543210);
	cli_input_sum("list", 1);
	options = entry(&o, &zone, "options");
	CHECK((value = sn_map_get(options, "omitted")) && value->via.u64 == 3);
	CHECK((value = sn_map_get(options, "maybe")) && value->type == MSGPACK_OBJECT_BOOLEAN);
	value = sn_map_get(&o, "inputs");
	CHECK(value && value->via.map.size == 2 && is_text(&value->via.map.ptr[0].key, "list"));
	CHECK(value && sn_map_get(value, "model")->via.u64 == 0xfedcba9876543210);
	forget();
	msgpack_zone_destroy(&zone);
}

/* In a child: the exit status of parsing a line and of what follows; -1 where a signal ended it. */
static int status_of(const char *line, void (*then)(int argc, char **argv, int first))
{
	int status = 0;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		char *argv[64];
		int argc, first;

		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		first = parse(line, argv, &argc);
		if (then)
			then(argc, argv, first);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void one_input(int argc, char **argv, int first)
{
	const char *in = cli_input(argc, argv, first);

	_exit(in == argv[first] || strcmp(in, "-") == 0 ? 0 : 98);
}

static void die_of_usage(int argc, char **argv, int first)
{
	(void)argc, (void)argv, (void)first;
	cli_die(sn_fail(SN_EUSAGE, "no"));
}

static void die_of_data(int argc, char **argv, int first)
{
	(void)argc, (void)argv, (void)first;
	cli_die(sn_fail(SN_EDATA, "no"));
}

static void test_refusals(void)
{
	static const char *const bad[] = {
		"-c 0",	      "-c 101",	       "-c 1.5",      "-c +1",
		"-c -1",      "-c 0x1",	       "-c",	      "-c 1e1",
		"--count=",   "--maybe=x",     "--maybe=",    "-r 1.01",
		"-r -0.01",   "-r nan",	       "-r inf",      "-r 1e",
		"-r 0.5x",    "-r .",	       "--real=",     "-u 1e400",
		"-u 0x1p3",   "--colour pink", "--colour=",   "--colour gree",
		"--size 3",   "--size 3x",     "--size x3",   "--size 0x3",
		"--size 3x0", "--size 3x3x3",  "--size -3x3", "--size 1000001x1",
		"--flag=1",   "--none",	       "-z",	      "-m",
		"--model=",   "-j 1025",       "-s -1",	      "-s 18446744073709551616",
		"-n 1001",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (status_of(bad[i], NULL) != 2) {
			fprintf(stderr, "not refused: %s\n", bad[i]);
			test_failures++;
		}
	CHECK(status_of("-c 1 -r 1 -r 0 --size 1x1000000 -j 1024 -j 0", NULL) == 0);
	CHECK(status_of("a", one_input) == 0);
	CHECK(status_of("-", one_input) == 0);
	CHECK(status_of("a b", one_input) == 2);
	CHECK(status_of("", die_of_usage) == 2);
	CHECK(status_of("", die_of_data) == 1);
}

int main(void)
{
	test_values();
	test_history();
	test_refusals();
	return TEST_END();
}
