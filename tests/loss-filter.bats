load helper

# sn-train --loss-filter: another program is the loss.

# pictures N KIND: items (or pairs) of 4 classes in turn; each class has a pattern of its own.
pictures() {
	awk -v n="$1" -v kind="$2" 'BEGIN {
		srand(7)
		printf "{\"sn\":1,\"kind\":\"%s\"}\n", kind
		split("a b c d", label, " ")
		for (i = 0; i < n; i++) {
			c = i % 4
			printf "{\"item\":%d,\"key\":\"k%d\",\"label\":\"%s\",\"x\":{\"type\":\"|u1\",\"shape\":[8,8,1],\"data\":[", i, i, label[c + 1]
			for (y = 0; y < 8; y++)
				for (x = 0; x < 8; x++)
					printf "%s%d", x + y ? "," : "", int((c == 0 ? y : c == 1 ? x : c == 2 ? 7 - y : 7 - x) * 25 + rand() * 40)
			printf "]}}\n"
		}
		if (kind == "pairs")
			for (i = 0; i < n; i++) {
				printf "{\"pair\":[%d,%d],\"same\":true}\n", i, (i + 4) % n
				printf "{\"pair\":[%d,%d],\"same\":false}\n", i, (i + 1) % n
			}
		printf "{\"end\":%d}\n", n + (kind == "pairs" ? 2 * n : 0)
	}'
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf '%s\n' 'input 8x8x1' 'conv 4 size=3' 'relu' 'maxpool size=2' 'flatten' 'linear 4' >net.net
	sn-init -o w0.bin net.net
	pictures 80 items | json_stream items.sn
	pictures 80 pairs | json_stream pairs.sn
}

# the columns of a log that depend on the loss alone: not on the clock, nor on the distance of the loss,
# which a filter need not tell
columns() {
	cut -f 1-3,7,8,10 "$1"
}

# both LOSS OPTIONS: the built-in loss and sn-loss as its filter train the same bytes
both() {
	local loss=$1 in
	shift
	for in in items pairs; do
		# shellcheck disable=SC2086 # words are wanted
		sn-train -m w0.bin -o builtin.bin -e 2 --validate other.sn --log builtin.tsv $loss "$@" $in.sn
		sn-train -m w0.bin -o filter.bin -e 2 --validate other.sn --log filter.tsv \
			--loss-filter "sn-loss --gradient $loss" "$@" $in.sn
		cmp builtin.bin filter.bin
		cmp <(columns builtin.tsv) <(columns filter.tsv)
	done
}

@test "loss filter: the same bytes as the built-in loss" {
	pictures 24 pairs | json_stream other.sn
	both "-l contrastive -M 1"
	both "-l contrastive -M 0.5" -j 2
	both "-l contrastive -M 1 --form keras"
	both "-l contrastive --form pml"
	both "-l double-margin -M 1"
	both "-l triplet -M 0.3 --mining batch-all"
	both "-l triplet -M 0.3"
	both "-l cosine -M 0.2"
	both "-l nt-xent"
	both "-l supcon --temperature 0.2"
	both "-l multi-similarity"
	# the distance is told in the header
	both "" -d manhattan
}

@test "loss filter: the head of weighted-l1 is trained through it, too" {
	sn-init -d weighted-l1 -o w0.bin net.net
	pictures 24 pairs | json_stream other.sn
	both ""
	both "-l cross-entropy"
	both "-l contrastive -M 0.5"
	head -c 400 w0.bin | grep -aq weighted-l1
	sn-cat -t w0.bin | head -n 1 | grep -o '"head".*' >before
	sn-cat -t filter.bin | head -n 1 | grep -o '"head".*' >after
	run ! cmp -s before after
}

@test "loss filter: sections that no pipe holds" {
	# 40 images of 20 KB a step
	printf '%s\n' 'input 8x8x1' 'flatten' 'linear 5000' >wide.net
	sn-init -o w0.bin wide.net
	pictures 24 pairs | json_stream other.sn
	both "-l contrastive -M 1"
	# one that passes on as it reads what it is given: the embeddings themselves as gradients
	[ -x /usr/bin/python3 ] || skip "python3 is absent"
	/usr/bin/python3 -c 'import msgpack_numpy' || skip "msgpack_numpy is absent"
	cat >stream.py <<-'END'
		import os, sys
		import msgpack, msgpack_numpy
		early = len(sys.argv) > 1
		def write(m):
		    sys.stdout.buffer.write(msgpack.packb(m, default=msgpack_numpy.encode))
		    sys.stdout.buffer.flush()
		unpacker = msgpack.Unpacker(object_hook=msgpack_numpy.decode)
		n = 0
		while True:
		    data = os.read(0, 100)
		    if not data:
		        break
		    unpacker.feed(data)
		    for m in unpacker:
		        if "sn" in m:
		            write({"sn": 1, "kind": "items", "loss": 0.25})
		            n = 0
		        elif "item" in m:
		            write({"item": m["item"], "key": "", "label": None, "x": m["x"]})
		            n += 1
		        elif n and ("end" in m or early):
		            # early: at the first pair, before the others are read
		            write({"end": n, "xxh3": None})
		            n = 0
	END
	for early in "" early; do
		sn-train -m w0.bin -o w.bin -e 2 --log log.tsv --loss-filter "/usr/bin/python3 stream.py $early" items.sn
		[ "$(cut -f 3 log.tsv | sort -u | tr '\n' ' ')" = "0.25 loss " ]
	done
}

@test "loss filter: the example of sn-train(1), in Python" {
	[ -x /usr/bin/python3 ] || skip "python3 is absent"
	/usr/bin/python3 -c 'import msgpack_numpy' || skip "msgpack_numpy is absent"
	awk '/^#!\/usr\/bin\/python3/ { on = 1 } /^\.Ed/ { on = 0 } on' "$ROOT/man/sn-train.1" |
		sed 's/\\e/\\/g; s/\\-/-/g; s/\\&//g' >loss.py
	[ "$(wc -l <loss.py)" -gt 10 ]
	pictures 24 pairs | json_stream other.sn
	sn-train -m w0.bin -o filter.bin -e 2 --log filter.tsv --validate other.sn \
		--loss-filter '/usr/bin/python3 loss.py' pairs.sn
	sn-train -m w0.bin -o builtin.bin -e 2 --log builtin.tsv --validate other.sn pairs.sn
	paste <(cut -f 3 filter.tsv) <(cut -f 3 builtin.tsv) | tail -n +2 |
		awk '{ e = $1 - $2; if (e < 0) e = -e; if (!(e <= 1e-4 * $2)) exit 1 }'
	sn-cat -t filter.bin | head -n 1 | grep -q '"loss":"filter"'
}

@test "loss filter: what it is told" {
	cat >spy.sh <<-'END'
		tee told.sn | sn-loss --gradient
	END
	pictures 24 pairs | json_stream other.sn
	sn-train -m w0.bin -o w.bin -e 1 -b 80 -M 0.7 -d manhattan --validate other.sn --loss-filter 'sh spy.sh' pairs.sn
	run -0 sn-cat -t told.sn
	[ "${lines[0]}" = '{"sn":1,"kind":"pairs","mean":"plain","model":{"dim":4,"distance":"manhattan","head":null,"margin":0.7,"threshold":null,"xxh3":null},"step":1}' ] ||
		[ "${lines[0]}" = '{"sn":1,"kind":"pairs","mean":"plain","model":{"dim":4,"distance":"manhattan","head":null,"margin":0.69999999999999996,"threshold":null,"xxh3":null},"step":1}' ]
	[[ ${lines[1]} == '{"item":'*',"key":"k'*'","label":"'*'","x":{"type":"<f4","shape":[4],"data":['* ]]
	# two steps and a validation, which is no step
	[ "$(grep -ao 'kind.pairs' told.sn | wc -l)" -eq 3 ]
	[ "$(grep -ao 'step' told.sn | wc -l)" -eq 2 ]
	sn-cat -t w.bin | head -n 1 | grep -q '"loss":"contrastive"'
	# from items the mean is balanced, and its validation plain
	sn-train -m w0.bin -o w.bin -e 1 --validate other.sn --loss-filter 'sh spy.sh' items.sn
	grep -aoE 'plain|balanced' told.sn | uniq | tr '\n' ' ' >means
	[ "$(cat means)" = "balanced plain " ]
}

# fails MESSAGE COMMAND [MORE]: exit 1, one line that says so, no model
fails() {
	local words=$1 command=$2
	shift 2
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 2 --loss-filter "$command" "$@" items.sn
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *"$words"* ]] || { echo "wanted '$words', got: $stderr"; false; }
	[ ! -e w.bin ]
}

@test "loss filter: one that dies" {
	fails "the loss filter 'exit 3' failed with exit status 3" 'exit 3'
	fails "was ended by signal 9" 'kill -9 $$'
	fails "was ended by signal 15" 'head -c 1000 >/dev/null; kill -15 $$'
	fails "exit status 127: there is no such program" 'sn-nothing-of-the-kind 2>/dev/null'
	fails "ended, with exit status 0, before it had answered" 'true'
	fails "ended, with exit status 0, before it had answered" 'exec >&-; cat >/dev/null'
	# in the middle of an answer
	sn-embed -m w0.bin items.sn | sn-pair --all | sn-loss --gradient | head -c 700 >part.sn
	fails "ended, with exit status 0, before it had answered" 'cat part.sn' --batch 80x80
	fails "exit status 7" 'cat part.sn; exit 7' --batch 80x80
	# all answered, and yet it failed (its end is waited for, not its silence)
	fails "failed with exit status 5" 'sn-loss --gradient; exit 5'
	fails "step 1" 'exit 3'
}

@test "loss filter: at the end what it still says is drained" {
	run -0 --separate-stderr sn-train -m w0.bin -o w.bin -e 1 \
		--loss-filter 'sn-loss --gradient; head -c 300000 /dev/zero' items.sn
	[ -z "$stderr" ]
	sn-train -m w0.bin -o v.bin -e 1 items.sn
	cmp w.bin v.bin
}

@test "loss filter: answers that are none" {
	fails "this is pairs, wanted items" cat
	fails "the loss filter 'echo hello; cat >/dev/null'" 'echo hello; cat >/dev/null'
	sn-embed -m w0.bin items.sn | sn-pair --all | sn-loss --gradient >good.sn
	# what is wrong with it, by sed, and what is said of it
	while IFS='|' read -r edit words; do
		sn-cat -t good.sn | sed -e 's/,"xxh3":[0-9]*//' -e "$edit" | json_stream answer.sn
		run ! cmp -s answer.sn good.sn
		fails "$words" 'cat answer.sn' --batch 80x80
	done <<-'END'
		1s/"loss":[0-9.e-]*,//|a header without 'loss'
		1s/items/losses/|this is losses, wanted items
		/"item":1,/d; s/"end":80/"end":79/|item 2, wanted 1
		/"item":79,/d; s/"end":80/"end":79/|gradients of 79 items, wanted all 80
		s/"item":79,/"item":80,/|item 80, wanted 79
		s/"shape":.4.,"data":.[^,]*,/"shape":[3],"data":[/|wanted its gradient, f4 [4]
		s/,"x":{[^}]*}//|x is nothing , wanted its gradient, f4 [4]
	END
	sn-train -m w0.bin -o w.bin -e 1 --batch 80x80 --loss-filter 'cat good.sn' items.sn
}

@test "loss filter: one that neither reads nor ends is left alone" {
	sn-embed -m w0.bin items.sn | sn-pair --all | sn-loss >answer.sn
	fails "this is losses" 'sn-cat -o - answer.sn; exec sleep 1000' --batch 80x80
}

@test "loss filter: mistakes" {
	run -2 --separate-stderr sn-train -m w0.bin -o w.bin --loss-filter '' items.sn
	[[ $stderr == *"--loss-filter"* ]]
	[ ! -e w.bin ]
}

@test "loss filter: a training that fails says why, not how its filter ended" {
	[ -c /dev/full ] || skip "/dev/full is absent"
	fails "cannot write '/dev/full'" 'sn-loss --gradient; exit 3' --log /dev/full
}
