/* cli_history - this run as an entry of a stream's history. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cli_private.h"

void cli_input_sum(const char *key, uint64_t xxh3)
{
	struct cli_input *in = realloc(cli_run.input, (cli_run.inputs + 1) * sizeof *in);

	if (!in)
		cli_die(sn_fail_memory());
	cli_run.input = in;
	in[cli_run.inputs].key = strdup(key);
	if (!in[cli_run.inputs].key)
		cli_die(sn_fail_memory());
	in[cli_run.inputs++].xxh3 = xxh3;
}

/* As names are written in a stream: the command line may hold any bytes, a str only UTF-8. */
static void pack_text(msgpack_packer *pk, const char *s)
{
	struct sn_buffer name = { 0 };
	int st;

	if (!s) {
		msgpack_pack_nil(pk);
		return;
	}
	if ((st = sn_name_escape(&name, s, strlen(s))) < 0)
		cli_die(st);
	msgpack_pack_str_with_body(pk, name.data, name.size);
	sn_buffer_release(&name);
}

static void pack_value(msgpack_packer *pk, const struct cli_option *o)
{
	char text[64];

	switch (o->type) {
	case CLI_FLAG:
		*(bool *)o->value ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
		break;
	case CLI_OPTIONAL_COUNT:
		if (*(uint64_t *)o->value == UINT64_MAX)
			msgpack_pack_true(pk);
		else
			msgpack_pack_uint64(pk, *(uint64_t *)o->value);
		break;
	case CLI_COUNT:
		if (*(uint64_t *)o->value == UINT64_MAX && !cli_given(o->name))
			msgpack_pack_nil(pk);
		else
			msgpack_pack_uint64(pk, *(uint64_t *)o->value);
		break;
	case CLI_REAL:
		if (isfinite(*(double *)o->value))
			msgpack_pack_double(pk, *(double *)o->value);
		else
			msgpack_pack_nil(pk);
		break;
	case CLI_TEXT:
	case CLI_FILE:
		pack_text(pk, *(const char **)o->value);
		break;
	case CLI_CHOICE:
		pack_text(pk, o->choices[*(unsigned *)o->value]);
		break;
	case CLI_SIZE:
		cli_value_text(text, sizeof text, o);
		pack_text(pk, text[0] ? text : NULL);
		break;
	}
}

/* Can this option change the result, and is it said in words rather than by a file's sum? */
static bool remembered(size_t i)
{
	const struct cli_option *o = &cli_run.program->options[i];

	return o->type != CLI_FILE && !(o->flags & CLI_SILENT) &&
	       (!(o->flags & CLI_OMIT) || cli_run.given[i]);
}

static int by_name(const void *a, const void *b)
{
	const struct cli_option *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct cli_input *)a)->key, ((const struct cli_input *)b)->key);
}

struct sn_slice cli_history(void)
{
	const struct cli_option **o = cli_allocate(cli_run.n, sizeof(*o));
	msgpack_packer pk;
	size_t n = 0;

	for (size_t i = 0; i < cli_run.n; i++)
		if (remembered(i))
			o[n++] = &cli_run.program->options[i];
	qsort(o, n, sizeof(*o), by_name);
	if (cli_run.inputs)
		qsort(cli_run.input, cli_run.inputs, sizeof *cli_run.input, by_key);

	msgpack_sbuffer_clear(&cli_run.history);
	msgpack_packer_init(&pk, &cli_run.history, msgpack_sbuffer_write);
	msgpack_pack_map(&pk, cli_run.inputs ? 4 : 3);
	pack_text(&pk, "cmd");
	pack_text(&pk, cli_run.program->name);
	pack_text(&pk, "version");
	pack_text(&pk, SN_VERSION);
	pack_text(&pk, "options");
	msgpack_pack_map(&pk, n);
	for (size_t i = 0; i < n; i++) {
		pack_text(&pk, o[i]->name);
		pack_value(&pk, o[i]);
	}
	if (cli_run.inputs) {
		pack_text(&pk, "inputs");
		msgpack_pack_map(&pk, cli_run.inputs);
		for (size_t i = 0; i < cli_run.inputs; i++) {
			pack_text(&pk, cli_run.input[i].key);
			msgpack_pack_uint64(&pk, cli_run.input[i].xxh3);
		}
	}
	free(o);
	return (struct sn_slice){ (const uint8_t *)cli_run.history.data, cli_run.history.size };
}
