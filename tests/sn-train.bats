load helper

# pictures N KIND [SIDE]: items (or pairs) of 4 classes in turn as JSON lines; each class has a pattern of its own.
pictures() {
	awk -v n="$1" -v kind="$2" -v side="${3:-8}" 'BEGIN {
		srand(7)
		printf "{\"sn\":1,\"kind\":\"%s\"}\n", kind
		split("a b c d", label, " ")
		for (i = 0; i < n; i++) {
			c = i % 4
			printf "{\"item\":%d,\"key\":\"k%d\",\"label\":\"%s\",\"x\":{\"type\":\"|u1\",\"shape\":[%d,%d,1],\"data\":[", i, i, label[c + 1], side, side
			for (y = 0; y < side; y++)
				for (x = 0; x < side; x++)
					printf "%s%d", x + y ? "," : "", int((c == 0 ? y : c == 1 ? x : c == 2 ? side - 1 - y : side - 1 - x) * 200 / side + rand() * 40)
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

column() { # column NAME FILE: of a log
	awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' "$2"
}

@test "sn-train: from items it learns, and the model is a model" {
	run -0 --separate-stderr sn-train -m w0.bin -o w.bin -e 10 -r 0.01 --batch 4x5 --validate image:0.2 --log log.tsv items.sn
	[ -z "$output" ]
	[ -z "$stderr" ]
	first=$(column validation_loss log.tsv | grep -v '^-$' | head -n 1)
	last=$(column validation_loss log.tsv | grep -v '^-$' | sort -g | head -n 1)
	awk -v a="$first" -v b="$last" 'BEGIN { exit !(b < a / 2) }'
	sn-cat -t w.bin >w.json
	grep -q '"loss":"contrastive"' w.json
}

@test "sn-train: the log has a header, a row a step, a validation an epoch" {
	sn-train -m w0.bin -o w.bin -e 3 --batch 4x5 --validate image:0.2 --log log.tsv items.sn
	[ "$(head -n 1 log.tsv)" = $'step\tepoch\tloss\tsame\tdifferent\tactive\tspread\trate\timages_s\tvalidation_loss\tvalidation_eer\tvalidation_accuracy' ]
	# 64 items are left: 4 steps an epoch
	[ "$(wc -l <log.tsv)" -eq 13 ]
	[ "$(column validation_loss log.tsv | grep -vc '^-$')" -eq 3 ]
	[ "$(column step log.tsv | tail -n 1)" = 12 ]
	[ "$(column epoch log.tsv | tail -n 1)" = 3 ]
	run ! grep -q nan log.tsv
}

@test "sn-train: the first row is to the last digit what the filters print" {
	for d in euclidean sqeuclidean manhattan cosine; do
		for m in 0.5 1; do
			sn-train -m w0.bin -o w.bin -e 1 -b 160 -d $d -M $m --log log.tsv pairs.sn
			sn-embed -m w0.bin pairs.sn | sn-dist -d $d | sn-loss -t -M $m >loss.txt
			[ "$(column loss log.tsv)" = "$(awk -F '\t' '$1 == "mean" { print $2 }' loss.txt)" ]
		done
	done
	# part of the pairs: the first -b of them
	sn-train -m w0.bin -o w.bin -e 1 -b 7 --log log.tsv pairs.sn
	sn-embed -m w0.bin pairs.sn | sn-dist | sn-loss -t >loss.txt
	awk -F '\t' '$1 != "mean" && NR <= 7 { s += $NF } END { printf "%.14g", s / 7 }' loss.txt >mean
	[ "$(printf %.14g "$(column loss log.tsv | head -n 1)")" = "$(cat mean)" ]
}

@test "sn-train: the validation loss of the model kept is what the filters print" {
	printf '%s\n' 'input 8x8x1' 'conv 4 size=3' 'batchnorm' 'relu' 'maxpool size=2' 'flatten' 'dropout 0.1' 'linear 4' >bn.net
	sn-init -o bn.bin bn.net
	pictures 40 pairs | json_stream other.sn
	for w in w0.bin bn.bin; do
		sn-train -m $w -o w.bin -e 4 -r 0.02 --validate other.sn --log log.tsv items.sn
		sn-embed -m w.bin other.sn | sn-dist | sn-loss -t >loss.txt
		best=$(column validation_loss log.tsv | grep -v '^-$' | sort -g | head -n 1)
		[ "$best" = "$(awk -F '\t' '$1 == "mean" { print $2 }' loss.txt)" ]
	done
}

@test "sn-train: the validation part is sn-split's, its pairs are sn-pair's" {
	for part in class:0.5:class image:0.2:item; do
		IFS=: read -r how share by <<<"$part"
		sn-train -m w0.bin -o w.bin -e 2 --batch 2x4 -s 5 --validate "$how:$share" --log log.tsv items.sn
		sn-split -s 5 --by "$by" --share "$share" -o first.sn -O second.sn items.sn
		sn-pair -s 5 second.sn | sn-embed -m w.bin | sn-dist | sn-loss -t >loss.txt
		best=$(column validation_loss log.tsv | grep -v '^-$' | sort -g | head -n 1)
		[ "$best" = "$(awk -F '\t' '$1 == "mean" { print $2 }' loss.txt)" ]
		# the rest alone trains the same weights
		sn-pair -s 5 second.sn >second-pairs.sn
		sn-train -m w0.bin -o v.bin -e 2 --batch 2x4 -s 5 --validate second-pairs.sn first.sn
		cmp w.bin v.bin
	done
}

@test "sn-train: pairs with a held part: those of it are not trained on" {
	sn-train -m w0.bin -o w.bin -e 1 -b 1 -s 5 --validate image:0.3 --log log.tsv pairs.sn
	sn-cat -t pairs.sn | grep -v '"pair"' | sed 's/"kind":"pairs"/"kind":"items"/; s/"end":.*/"end":80}/' | json_stream items-of-pairs.sn
	sn-split -s 5 --by item --share 0.3 -o first.sn -O second.sn items-of-pairs.sn
	sn-cat -t first.sn | sed -n 's/.*"item":\([0-9]*\),.*/\1/p' >kept
	sn-cat -t pairs.sn | sed -n 's/.*"pair":\[\([0-9]*\),\([0-9]*\)\].*/\1 \2/p' |
		awk 'NR == FNR { kept[$1]; next } $1 in kept && $2 in kept' kept - >pairs
	[ "$(wc -l <pairs)" -gt 20 ]
	[ "$(column step log.tsv | wc -l)" -eq "$(wc -l <pairs)" ]
}

@test "sn-train: a threshold does not outlive the weights it was chosen for" {
	sn-embed -m w0.bin pairs.sn | sn-dist | sn-eval -q --calibrate w0.bin -o calibrated.bin
	sn-cat -t calibrated.bin | head -n 1 | grep -q '"threshold":{'
	sn-train -m calibrated.bin -o w.bin -e 1 items.sn
	sn-cat -t w.bin | head -n 1 | grep -q '"threshold":null'
}

@test "sn-train: the same bytes for any number of threads, and for stdin, - and a file" {
	for in in items pairs; do
		sn-train -m w0.bin -o 1.bin -e 2 -j 1 $in.sn
		for j in 2 3; do
			sn-train -m w0.bin -o $j.bin -e 2 -j $j $in.sn
			cmp 1.bin $j.bin
		done
		sn-train -m w0.bin -o stdin.bin -e 2 <$in.sn
		sn-train -m w0.bin -o dash.bin -e 2 - <$in.sn
		sn-train -m - -o model.bin -e 2 $in.sn <w0.bin
		sn-train -m w0.bin -o - -e 2 $in.sn >stdout.bin
		for f in stdin dash model stdout; do cmp 1.bin $f.bin; done
		sn-train -m w0.bin -o seed.bin -e 2 -s 2 $in.sn
		run ! cmp -s 1.bin seed.bin
	done
}

@test "sn-train: sections are one set" {
	sn-cat --head 40 -o a.sn items.sn
	pictures 80 items | awk 'NR == 1 || /"item":([4-7][0-9])/ { print } END { print "{\"end\":40}" }' | json_stream b.sn
	cat a.sn b.sn >two.sn
	sn-cat -o joined.sn two.sn
	sn-train -m w0.bin -o joined.bin -e 1 joined.sn
	sn-train -m w0.bin -o two.bin -e 1 two.sn
	cmp joined.bin two.bin
}

@test "sn-train: pictures of other sizes are fitted" {
	pictures 40 items 12 | json_stream large.sn
	run -0 --separate-stderr sn-train -m w0.bin -o w.bin -e 1 large.sn
}

@test "sn-train: pairs that carry their batches are taken by them" {
	sn-pair --batch 2x4 items.sn >batches.sn
	sn-train -m w0.bin -o w.bin -e 2 --log log.tsv batches.sn
	[ "$(column epoch log.tsv | grep -c '^1$')" -eq "$(sn-cat -t batches.sn | grep -o '"batch":[0-9]*' | sort -u | wc -l)" ]
	run -2 --separate-stderr sn-train -m w0.bin -o w.bin -b 4 batches.sn
	[[ $stderr == "sn-train: these pairs carry their batches: -b cannot change them"* ]]
}

@test "sn-train: what it is given and what the model says: margin, distance, history, threshold" {
	unset SN_NO_HISTORY
	sn-init -o w0.bin net.net
	sn-train -m w0.bin -o w.bin -e 1 -M 0.5 -d manhattan -s 3 items.sn
	sn-train -m w.bin -o v.bin -e 1 pairs.sn
	sn-cat -t v.bin | head -n 1 >header
	grep -q '"margin":0.5' header
	grep -q '"distance":"manhattan"' header
	[ "$(grep -o '"cmd":"sn-[a-z]*"' header | tr '\n' ' ')" = '"cmd":"sn-init" "cmd":"sn-train" "cmd":"sn-train" ' ]
	grep -q '"seed":3' header
	run ! grep -q 'items.sn\|w0.bin\|"threads"' header
}

@test "sn-train: what is learnt by cosines is told apart by cosines, unless -d says otherwise" {
	for l in nt-xent supcon multi-similarity; do
		sn-train -m w0.bin -o w.bin -e 1 -l $l items.sn
		sn-cat -t w.bin | head -n 1 | grep -q '"distance":"cosine"'
		sn-train -m w0.bin -o w.bin -e 1 -l $l -d euclidean items.sn
		sn-cat -t w.bin | head -n 1 | grep -q '"distance":"euclidean"'
	done
}

@test "sn-train: -o may be the file of -m; a failure leaves it as it was" {
	cp w0.bin w.bin
	sn-train -m w.bin -o w.bin -e 1 items.sn
	run ! cmp -s w0.bin w.bin
	cp w.bin before.bin
	head -c 3000 items.sn >cut.sn
	run -1 --separate-stderr sn-train -m w.bin -o w.bin -e 1 cut.sn
	cmp w.bin before.bin
	[ "$(find . -name '.w.bin*' | wc -l)" -eq 0 ]
}

@test "sn-train: interrupted, nothing is half-written" {
	cp w0.bin w.bin
	sn-train -m w.bin -o w.bin -e 1000000 --log log.tsv items.sn 3>&- &
	pid=$!
	until [ -s log.tsv ]; do kill -0 $pid; done
	kill -TERM $pid
	wait $pid || status=$?
	[ "$status" -gt 128 ]
	cmp w.bin w0.bin
	[ "$(find . -name '.w.bin*' | wc -l)" -eq 0 ]
}

@test "sn-train: usage errors are one line, status 2, nothing on stdout" {
	while read -r words; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-train $words
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
		[[ $stderr == "sn-train: "* ]]
	done <<-END
		-o w.bin items.sn
		-m w0.bin items.sn
		-m w0.bin -o w.bin --frobnicate items.sn
		-m w0.bin -o w.bin -e 0 items.sn
		-m w0.bin -o w.bin -e 2x items.sn
		-m w0.bin -o w.bin -r 0 items.sn
		-m w0.bin -o w.bin -M -1 items.sn
		-m w0.bin -o w.bin --batch 1x4 items.sn
		-m w0.bin -o w.bin --batch 4 items.sn
		-m w0.bin -o w.bin -l triplets items.sn
		-m w0.bin -o w.bin -d weighted-l1 items.sn
		-m w0.bin -o w.bin --patience 3 items.sn
		-m w0.bin -o w.bin --validate class:1.5 items.sn
		-m w0.bin -o w.bin --validate image:x items.sn
		-m w0.bin -o - --log - items.sn
		-m w0.bin -o w.bin -b 8 items.sn
		-m w0.bin -o w.bin --batch 2x2 pairs.sn
		-m w0.bin -o w.bin items.sn pairs.sn
	END
	run -2 --separate-stderr sn-train -o w.bin items.sn
	[[ $stderr == *"-m MODEL"* ]]
	run -2 --separate-stderr sn-train -m w0.bin items.sn
	[[ $stderr == *"-o FILE"* ]]
	[ ! -e w.bin ]
}

@test "sn-train: -h" {
	run -0 --separate-stderr sn-train -h
	[[ $output == "usage: sn-train "* ]]
	[ -z "$stderr" ]
}

@test "sn-train: a terminal for output is a usage error before any work" {
	need_terminal
	command -v script >/dev/null || skip "script(1) is absent"
	run -2 script -qec 'stty cols 200; sn-train -m w0.bin -o - items.sn' /dev/null
	[[ $output == *"-o FILE"* ]]
}

@test "sn-train: a margin out of reach is an error that says so" {
	printf '%s\n' 'input 8x8x1' 'flatten' 'linear 4' 'l2norm' >unit.net
	sn-init -o unit.bin unit.net
	run -2 --separate-stderr sn-train -m unit.bin -o w.bin -M 2.5 items.sn
	[[ $stderr == "sn-train: margin 2.5 is out of reach: "*"at most 2 apart"* ]]
	run -0 --separate-stderr sn-train -m unit.bin -o w.bin -M 1.5 -e 1 items.sn
}

@test "sn-train: nothing to learn from" {
	sn-cat -t items.sn | sed 's/"label":"[a-d]"/"label":null/' | json_stream nil.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin nil.sn
	[[ $stderr == *"no item has a label"* ]]
	sn-cat -t items.sn | sed 's/"label":"[a-d]"/"label":"a"/' | json_stream one.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin one.sn
	[[ $stderr == *"one class, 'a'"* ]]
	sn-cat -t --head 4 items.sn | json_stream singles.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin singles.sn
	[[ $stderr == *"no same pairs"* ]]
	sn-cat -t pairs.sn | sed 's/"same":true/"same":null/' | json_stream unknown.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin unknown.sn
	[[ $stderr == *"does not say whether they are the same"* ]]
	[ ! -e w.bin ]
}

@test "sn-train: embeddings, models and other kinds are refused" {
	sn-embed -m w0.bin items.sn >embeddings.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin embeddings.sn
	[[ $stderr == *"this is embeddings, sn-train wants pictures: put it before sn-embed"* ]]
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin w0.bin
	[[ $stderr == "sn-train: "*model* ]]
	run -1 --separate-stderr sn-train -m items.sn -o w.bin items.sn
	[[ $stderr == "sn-train: "*items* ]]
	[ ! -e w.bin ]
}

@test "sn-train: empty and damaged input" {
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin /dev/null
	[[ $stderr == *"empty input"* ]]
	size=$(wc -c <items.sn)
	for n in 1 10 100 1000 $((size / 2)) $((size - 1)); do
		head -c "$n" items.sn >cut.sn
		run -1 --separate-stderr sn-train -m w0.bin -o w.bin cut.sn
		[[ $stderr == "sn-train: "* ]]
	done
	[ ! -e w.bin ]
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin absent.sn
	run -1 --separate-stderr sn-train -m absent.bin -o w.bin items.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin --validate absent.sn items.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin --validate cut.sn items.sn
}

@test "sn-train: a full disk is not success" {
	[ -c /dev/full ] || skip "/dev/full is absent"
	run -1 --separate-stderr sn-train -m w0.bin -o /dev/full -e 1 items.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 1 --log /dev/full items.sn
	[ ! -e w.bin ]
	run -1 --separate-stderr sn-train -m w0.bin -o absent/w.bin -e 1 items.sn
}

@test "sn-train: weights that are not numbers stop it with step and layer" {
	printf '%s\n' 'input 8x8x1' 'flatten' 'linear 4' >linear.net
	sn-init -o w.bin linear.net
	cp w.bin before.bin
	run -1 --separate-stderr sn-train -m w.bin -o w.bin -e 50 --optimizer sgd -r 1000 -M 1000000 items.sn
	[[ $stderr == "sn-train: step "* ]]
	[[ $stderr == *fc1* ]]
	cmp w.bin before.bin
}

@test "sn-train: collapse is noticed and said" {
	# no light in any picture: all embeddings are one point
	sn-cat -t items.sn | sed 's/"data":\[[^]]*\]/"data":['"$(seq -s , 64 | sed 's/[0-9]\+/0/g')"']/' | json_stream dark.sn
	run -0 --separate-stderr sn-train -m w0.bin -o w.bin -e 5 --batch 2x4 dark.sn
	[[ $stderr == "sn-train: step 10: collapse: "* ]]
	# noise hides in training what evaluation shows: behind the last relu nothing is left
	printf '%s\n' 'input 8x8x1' 'flatten' 'linear 8' 'dropout 0.5' 'linear 4' 'sigmoid' 'linear 4 init=normal:0,0 bias-init=normal:0,-1' 'relu' >dead.net
	sn-init -o dead.bin dead.net
	run -0 --separate-stderr sn-train -m dead.bin -o w.bin -e 1 --batch 2x4 --validate image:0.3 items.sn
	[[ $stderr == "sn-train: step "*": collapse: "* ]]
}

@test "sn-train: patience stops, -v says what was kept" {
	run -0 --separate-stderr sn-train -m w0.bin -o w.bin -e 1000 -r 0.1 --patience 2 --validate image:0.2 -v --log log.tsv items.sn
	[[ $stderr == *"kept epoch "* ]]
	best=$(paste <(column epoch log.tsv) <(column validation_loss log.tsv) | grep -v -- '-$' | sort -g -k 2 | head -n 1 | cut -f 1)
	[ "$(column epoch log.tsv | tail -n 1)" -eq $((best + 2)) ]
}

@test "sn-train: progress on a terminal only, and not with -q" {
	need_terminal
	command -v script >/dev/null || skip "script(1) is absent"
	run -0 script -qec 'stty cols 200; sn-train -m w0.bin -o w.bin -e 1000 items.sn' /dev/null
	[[ $output == *"epoch "*"images/s"* ]]
	run -0 script -qec 'stty cols 200; sn-train -q -m w0.bin -o w.bin -e 1000 items.sn' /dev/null
	[ -z "$output" ]
}

# ---- augmentation ----

changes='affine:rotate=10,scale=0.8..1.2,shear=0.3,shift=2 elastic crop noise erase'

@test "sn-train: --augment gives the same bytes for any -j, and others than without it" {
	sn-train -j 1 -m w0.bin -o a.bin -e 3 --batch 4x5 --augment "$changes" --log a.tsv items.sn
	for j in 2 3 7; do
		sn-train -j $j -m w0.bin -o b.bin -e 3 --batch 4x5 --augment "$changes" --log b.tsv items.sn
		cmp a.bin b.bin
		cmp <(cut -f 1-8 a.tsv) <(cut -f 1-8 b.tsv)
	done
	sn-train -m w0.bin -o b.bin -e 3 --batch 4x5 items.sn
	run ! cmp -s a.bin b.bin
	# what changes nothing is as good as nothing
	sn-train -m w0.bin -o c.bin -e 3 --batch 4x5 --augment 'affine:p=0 noise:sd=0' items.sn
	cmp b.bin c.bin
	# pairs, too
	sn-train -j 1 -m w0.bin -o a.bin -e 3 -b 50 --augment "$changes" pairs.sn
	sn-train -j 3 -m w0.bin -o b.bin -e 3 -b 50 --augment "$changes" pairs.sn
	cmp a.bin b.bin
}

@test "sn-train: the first step of --augment sees what sn-augment gives, and each step something else" {
	sn-train -s 3 -m w0.bin -o w.bin -e 2 -b 160 --augment "$changes" --log log.tsv pairs.sn
	sn-augment -s 3 -a "$changes" pairs.sn | sn-embed -m w0.bin | sn-dist | sn-loss -t >loss.txt
	[ "$(column loss log.tsv | head -n 1)" = "$(awk -F '\t' '$1 == "mean" { print $2 }' loss.txt)" ]
	# no learning to speak of: the same pairs, other pictures
	sn-train -r 1e-12 -m w0.bin -o w.bin -e 4 -b 160 --mean plain --augment noise:sd=30 --log log.tsv pairs.sn
	[ "$(column loss log.tsv | sort -u | wc -l)" -eq 4 ]
}

@test "sn-train: --rotate-classes is what sn-augment makes of the input" {
	for n in 4 8; do
		sn-augment --rotate-classes=$n items.sn -o turned.sn
		sn-train -m w0.bin -o a.bin -e 1 --batch 4x5 --augment "$changes" --log a.tsv turned.sn
		sn-train -m w0.bin -o b.bin -e 1 --batch 4x5 --augment "$changes" --rotate-classes=$n --log b.tsv items.sn
		cmp a.bin b.bin
		cmp <(cut -f 1-8 a.tsv) <(cut -f 1-8 b.tsv)
		[ "$(column step b.tsv | tail -n 1)" -eq $((80 * n / 20)) ]
	done
	sn-train -j 1 -m w0.bin -o a.bin -e 1 --batch 4x5 --rotate-classes items.sn
	sn-train -j 3 -m w0.bin -o b.bin -e 1 --batch 4x5 --rotate-classes=4 items.sn
	cmp a.bin b.bin
}

@test "sn-train: the validation part is neither changed nor turned" {
	for by in class:0.5 image:0.2; do
		sn-train -m w0.bin -o w.bin -e 1 --batch 2x5 --validate $by --augment "$changes" --rotate-classes --log log.tsv items.sn
		kind=${by%:*}
		sn-split --by "${kind/image/item}" --share "${by#*:}" -o train.sn -O part.sn items.sn
		sn-pair part.sn | sn-embed -m w.bin | sn-dist | sn-loss -t >loss.txt
		[ "$(column validation_loss log.tsv | tail -n 1)" = "$(awk -F '\t' '$1 == "mean" { print $2 }' loss.txt)" ]
		# nor is it trained on in any turn
		sn-train -m w0.bin -o rest.bin -e 1 --batch 2x5 --rotate-classes --log rest.tsv train.sn
		sn-train -m w0.bin -o both.bin -e 1 --batch 2x5 --rotate-classes --validate $by --log both.tsv items.sn
		[ "$(column step both.tsv | tail -n 1)" = "$(column step rest.tsv | tail -n 1)" ]
	done
}

@test "sn-train: history says how pictures were changed" {
	unset SN_NO_HISTORY
	sn-train -m w0.bin -o w.bin -e 1 --batch 4x5 --augment noise --rotate-classes items.sn
	sn-cat -t w.bin | head -n 1 >header.json
	grep -qF '"augment":"noise:sd=8..8,p=1",' header.json
	grep -qF '"rotate-classes":4,' header.json
	sn-train -m w0.bin -o w.bin -e 1 --batch 4x5 items.sn
	run ! grep -qE 'augment|rotate' <(sn-cat -t w.bin | head -n 1)
}

@test "sn-train: augmentation that makes no sense is refused before any work" {
	for spec in '' 'turn' 'affine:rotate=x' 'noise:p=2'; do
		run -2 --separate-stderr sn-train -m w0.bin -o w.bin --augment "$spec" items.sn
		[[ $stderr == "sn-train: --augment: "* ]]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -2 --separate-stderr sn-train -m w0.bin -o w.bin --rotate-classes=5 items.sn
	[[ $stderr == *"'5' is not 4 or 8"* ]]
	run -2 --separate-stderr sn-train -m w0.bin -o w.bin --rotate-classes pairs.sn
	[[ $stderr == *"put sn-augment --rotate-classes before sn-pair"* ]]
	printf '%s\n' 'input 8x6x1' 'flatten' 'linear 4' >lying.net
	sn-init -o lying.bin lying.net
	run -2 --separate-stderr sn-train -m lying.bin -o w.bin --rotate-classes items.sn
	[[ $stderr == *"quarter turns want a square picture, and the network's is 8x6" ]]
	[ ! -e w.bin ]
}

# ---- optimisers ----

@test "sn-train: every optimiser learns, the same bytes for any -j" {
	for how in 'sgd -r 0.05' 'sgd -r 0.05 --nesterov' adam 'adamw --decay 0.1' 'rmsprop -r 0.001 --momentum 0.5' 'sgd --clip 0.1'; do
		# shellcheck disable=SC2086 # words of a command
		sn-train -j 1 -m w0.bin -o a.bin -e 4 --batch 4x5 --optimizer $how --log log.tsv items.sn
		# shellcheck disable=SC2086
		sn-train -j 3 -m w0.bin -o b.bin -e 4 --batch 4x5 --optimizer $how items.sn
		cmp a.bin b.bin
		awk -v a="$(column loss log.tsv | head -n 1)" -v b="$(column loss log.tsv | tail -n 1)" 'BEGIN { exit !(b < a) }'
	done
	sn-train -m w0.bin -o b.bin -e 4 --batch 4x5 --optimizer sgd items.sn
	run ! cmp -s a.bin b.bin
	# what never clips is none
	sn-train -m w0.bin -o a.bin -e 4 --batch 4x5 --optimizer sgd --clip 1e9 items.sn
	cmp a.bin b.bin
}

@test "sn-train: --average 0.5 after two steps is half of each, and what is validated" {
	sn-train -m w0.bin -o one.bin -e 1 -b 160 pairs.sn
	sn-train -m w0.bin -o two.bin -e 2 -b 160 pairs.sn
	sn-train -m w0.bin -o half.bin -e 2 -b 160 --average 0.5 pairs.sn
	bias() { sn-cat -t "$1" | sed -n 's/.*"param":"fc1.bias".*"data":\[\([^]]*\)\].*/\1/p' | tr , '\n'; }
	[ "$(bias half.bin | wc -l)" -eq 4 ]
	paste <(bias one.bin) <(bias two.bin) <(bias half.bin) | awk '{ d = ($1 + $2) / 2 - $3; if (d * d > 1e-14) exit 1 }'
	sn-train -m w0.bin -o w.bin -e 4 -r 0.02 --average 0.8 --validate pairs.sn --log log.tsv items.sn
	sn-embed -m w.bin pairs.sn | sn-dist | sn-loss -t >loss.txt
	best=$(column validation_loss log.tsv | grep -v '^-$' | sort -g | head -n 1)
	[ "$best" = "$(awk -F '\t' '$1 == "mean" { print $2 }' loss.txt)" ]
}

@test "sn-train: --select eer keeps the epoch of the smallest equal error rate" {
	sn-train -v -m w0.bin -o w.bin -e 6 -r 0.02 --select eer --validate image:0.3 --log log.tsv items.sn 2>notes
	best=$(paste <(column epoch log.tsv) <(column validation_loss log.tsv) <(column validation_eer log.tsv) |
		awk '$2 != "-"' | sort -g -s -k 3,3 -k 2,2 | head -n 1 | cut -f 1)
	grep -q "kept epoch $best:" notes
	sn-cat -t pairs.sn | grep -v '"same":false' | sed 's/"end":.*/"end":160}/' | json_stream same.sn
	run -1 --separate-stderr sn-train -m w0.bin -o v.bin -e 1 --select eer --validate same.sn items.sn
	[[ $stderr == *"all same or all different"* ]]
	run -2 --separate-stderr sn-train -m w0.bin -o v.bin --select eer items.sn
	[[ $stderr == *"--select needs --validate"* ]]
}

@test "sn-train: --trials asks of the part that is held, and keeps the epoch that answers most" {
	for part in class:0.5:class:2 image:0.5:item:4; do
		IFS=: read -r how share by way <<<"$part"
		for shot in 1 3; do
			# the rate is such that some epochs are worse than those before
			sn-train -v -m w0.bin -o w.bin -e 6 -r 0.05 --batch 2x4 -s 5 --validate "$how:$share" --trials 50 --way "$way" --shot $shot --log log.tsv items.sn 2>notes
			sn-split -s 5 --by "$by" --share "$share" -o first.sn -O second.sn items.sn
			sn-pair -s 5 --trials 50 --way "$way" --shot $shot second.sn -o trials.sn
			best=$(paste <(column epoch log.tsv) <(column validation_loss log.tsv) <(column validation_accuracy log.tsv) |
				awk '$2 != "-"' | sort -s -k 3,3gr -k 2,2g | head -n 1)
			grep -q "kept epoch $(cut -f 1 <<<"$best"): .*of the trials right" notes
			# what is kept is what the filters find of it
			sn-embed -m w.bin trials.sn | sn-dist >d.sn
			[ "$(sn-loss -t d.sn | awk -F '\t' '$1 == "mean" { print $2 }')" = "$(cut -f 2 <<<"$best")" ]
			sn-eval d.sn | awk -F '\t' -v a="$(cut -f 3 <<<"$best")" '$1 == "accuracy" { seen = 1; d = $2 - a; if (d * d > 1e-12) exit 1 } END { exit !seen }'
			# the same trials from a file
			sn-train -m w0.bin -o v.bin -e 6 -r 0.05 --batch 2x4 -s 5 --validate trials.sn --select accuracy first.sn
			cmp w.bin v.bin
			sn-train -m w0.bin -o v.bin -e 6 -r 0.05 --batch 2x4 -s 5 --validate second.sn --trials 50 --way "$way" --shot $shot first.sn
			cmp w.bin v.bin
		done
	done
}

@test "sn-train: --trials within an alphabet, in history and checkpoint" {
	sn-cat -t items.sn | sed 's/"label":"\([ab]\)"/"label":"x\/\1"/; s/"label":"\([cd]\)"/"label":"y\/\1"/' | json_stream levels.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 1 --validate image:0.5 --trials 20 --way 3 --within 1 levels.sn
	unset SN_NO_HISTORY
	how=(-m w0.bin -e 4 -r 0.05 --batch 2x4 --validate image:0.5 --trials 20 --way 2 --within 1)
	sn-train "${how[@]}" -o a.bin --checkpoint c.ckpt --every 13 levels.sn
	sn-cat -t a.bin | head -n 1 >header
	grep -qF '"select":"accuracy"' header
	grep -qF '"within":1' header
	sn-train "${how[@]}" -o b.bin --resume c.ckpt levels.sn
	cmp a.bin b.bin
	sn-train -j 3 "${how[@]}" -o b.bin levels.sn
	cmp a.bin b.bin
}

@test "sn-train: trials that make no sense are refused" {
	for how in '--trials 10' '--validate image:0.2 --way 3' '--validate image:0.2 --trials 0' '--validate image:0.2 --trials 9 --way 1' '--validate pairs.sn --trials 9' '--trials 9 --patience 2'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-train -m w0.bin -o w.bin $how items.sn
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin --validate pairs.sn --select accuracy items.sn
	[[ $stderr == *"no trials to select by"*"sn-pair --trials"* ]]
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin --validate image:0.2 --trials 9 --way 5 items.sn
	[ ! -e w.bin ]
}

# ---- groups and conditions ----

@test "sn-train: --within and --across choose what a batch holds, in history, for any -j, resumed" {
	sn-cat -t items.sn | sed 's/"label":"\([ab]\)"/"label":"x\/\1"/; s/"label":"\([cd]\)"/"label":"y\/\1"/' | json_stream levels.sn
	unset SN_NO_HISTORY
	how=(-m w0.bin -e 3 -r 0.05 --batch 2x2 --within 1 --across '([02468]|[13579])[^0-9]*$')
	sn-train "${how[@]}" -o a.bin --checkpoint c.ckpt --every 7 levels.sn
	sn-cat -t a.bin | head -n 1 >header
	grep -qF '"within":1' header
	grep -qF '"groups":1' header
	grep -qF '"across":' header
	sn-train "${how[@]}" -o b.bin --resume c.ckpt levels.sn
	cmp a.bin b.bin
	sn-train -j 3 "${how[@]}" -o b.bin levels.sn
	cmp a.bin b.bin
	sn-train -m w0.bin -e 3 -r 0.05 --batch 2x2 -o b.bin levels.sn
	run -1 cmp -s a.bin b.bin
}

@test "sn-train: groups and conditions that make no sense are refused" {
	for how in '--groups 2' '--within 1 --groups 3 --batch 4x2' '--across ('; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-train -m w0.bin -o w.bin -e 1 $how items.sn
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	for how in '--within 1 --groups 2' '--across x'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-train -m w0.bin -o w.bin -e 1 $how pairs.sn
		[[ $stderr == *"samples from items"* ]]
	done
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 1 --within 1 items.sn
	[[ $stderr == *"no two classes share"* ]]
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 1 --across '@' items.sn
	[[ $stderr == *"--across: '@' is not found in the key"* ]]
	[ ! -e w.bin ]
}

# ---- the gradient's check ----

@test "sn-train: --check-grad finds the gradients right, and leaves the model as it was" {
	sn-init -d weighted-l1 -o koch.bin net.net
	printf '%s\n' 'input 8x8x1' 'conv 4 size=3' 'batchnorm' 'relu' 'maxpool size=2' 'flatten' 'dropout 0.1' 'linear 4' >bn.net
	sn-init -o bn.bin bn.net
	cp bn.bin before.bin
	while read -r model how; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr sn-train --check-grad -m $model.bin --batch 4x4 $how items.sn
		[ -z "$stderr" ]
	done <<-END
		w0
		w0 -d sqeuclidean --mean plain
		w0 -l triplet
		w0 -l supcon
		w0 --form pml
		bn --augment noise
		bn -l multi-similarity
		koch
	END
	cmp bn.bin before.bin
	run -0 --separate-stderr sn-train --check-grad -m koch.bin --batch 4x4 items.sn
	[ "${lines[0]}" = $'tensor\tnumbers\tpredicted\tmeasured\terror' ]
	[ "$(cut -f 1 <<<"$output" | tr '\n' ' ')" = 'tensor embeddings conv1.weight conv1.bias fc1.weight fc1.bias head.weight head.bias ' ]
	[ "$(awk -F '\t' '$1 == "fc1.weight" { print $2 }' <<<"$output")" -eq 144 ]
	# pairs, and the same for any number of threads
	sn-train --check-grad -j 1 -m w0.bin -b 20 pairs.sn >1.tsv
	sn-train --check-grad -j 3 -m w0.bin -b 20 pairs.sn >3.tsv
	cmp 1.tsv 3.tsv
}

@test "sn-train: --check-grad finds a loss filter whose gradient is wrong" {
	run -0 --separate-stderr sn-train --check-grad -m w0.bin --batch 4x4 --loss-filter 'sn-loss --gradient' items.sn
	command -v /usr/bin/python3 >/dev/null || skip "python3 is absent"
	/usr/bin/python3 -c 'import msgpack_numpy' || skip "python3-msgpack-numpy is absent"
	sed -n '/^#!\/usr\/bin\/python3$/,/^\.Ed$/p' "$ROOT/man/sn-train.1" | sed '$d; s/\\e/\\/g' >loss.py
	run -0 --separate-stderr sn-train --check-grad -m w0.bin --batch 4x4 --loss-filter '/usr/bin/python3 loss.py' items.sn
	sed 's/gradient\[b\] -= step/gradient[b] -= 0.8 * step/' loss.py >wrong.py
	run ! cmp -s loss.py wrong.py
	run -1 --separate-stderr sn-train --check-grad -m w0.bin --batch 4x4 --loss-filter '/usr/bin/python3 wrong.py' items.sn
	[[ $stderr == "sn-train: the gradient of '"*"' is off by "* ]]
	[[ $output == *$'\nfc1.weight\t'* ]]
	run -0 --separate-stderr sn-train --check-grad --tolerance 1000 -m w0.bin --batch 4x4 --loss-filter '/usr/bin/python3 wrong.py' items.sn
}

@test "sn-train: --check-grad and what does not go with it" {
	for how in '-o w.bin' '--log log.tsv' '--checkpoint c.ckpt' '--validate image:0.2' '--tolerance x'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-train --check-grad -m w0.bin $how items.sn
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -2 --separate-stderr sn-train -m w0.bin -o w.bin --tolerance 0.1 items.sn
	[ ! -e w.bin ]
	[ -c /dev/full ] || skip "/dev/full is absent"
	run -1 --separate-stderr bash -c 'sn-train --check-grad -m w0.bin items.sn >/dev/full'
}

@test "sn-train: optimisers' options that make no sense are refused" {
	for how in '--nesterov' '--optimizer sgd --nesterov --momentum 0' '--optimizer lion' '--clip -1' '--clip nan' '--average 1' '--select best'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-train -m w0.bin -o w.bin $how items.sn
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	[ ! -e w.bin ]
}

# ---- layers of their own ----

parameter() { # parameter NAME MODEL: its numbers
	sn-cat -t "$2" | sed -n 's/.*"param":"'"$1"'".*"data":\[\([^]]*\)\].*/\1/p'
}

@test "sn-train: --per-layer: a layer stays, another moves twice as far" {
	how=(-e 1 -b 160 --optimizer sgd -r 0.01 --momentum 0)
	sn-train -m w0.bin -o one.bin "${how[@]}" pairs.sn
	sn-train -m w0.bin -o two.bin "${how[@]}" --per-layer 'conv1:rate=0 fc1.bias:rate=2' pairs.sn
	for p in conv1.weight conv1.bias; do
		[ "$(parameter $p two.bin)" = "$(parameter $p w0.bin)" ]
		[ "$(parameter $p one.bin)" != "$(parameter $p w0.bin)" ]
	done
	[ "$(parameter fc1.weight two.bin)" = "$(parameter fc1.weight one.bin)" ]
	paste <(parameter fc1.bias w0.bin | tr , '\n') <(parameter fc1.bias one.bin | tr , '\n') <(parameter fc1.bias two.bin | tr , '\n') |
		awk '{ d = 2 * ($2 - $1) - ($3 - $1); if (d * d > 1e-14) exit 1 } END { exit NR != 4 }'
	# said of all it is the option itself
	sn-train -m w0.bin -o a.bin "${how[@]}" --decay 0.1 pairs.sn
	sn-train -m w0.bin -o b.bin "${how[@]}" --per-layer '*:decay=0.1' pairs.sn
	cmp a.bin b.bin
	sn-train -j 3 -m w0.bin -o b.bin "${how[@]}" --per-layer '*:decay=0.1' pairs.sn
	cmp a.bin b.bin
}

@test "sn-train: --per-layer is of the head, too, and in history and checkpoint" {
	sn-init -d weighted-l1 -o koch.bin net.net
	unset SN_NO_HISTORY
	how=(-m koch.bin -e 2 --batch 4x5 --per-layer 'head:rate=0.5 conv*:decay=0.01')
	sn-train "${how[@]}" -o a.bin --checkpoint c.ckpt --every 5 items.sn
	sn-cat -t a.bin | head -n 1 | grep -qF '"per-layer":"head:rate=0.5 conv*:decay=0.01"'
	sn-train "${how[@]}" -o b.bin --resume c.ckpt items.sn
	cmp a.bin b.bin
	run -1 --separate-stderr sn-train -m koch.bin -e 2 --batch 4x5 -o b.bin --resume c.ckpt items.sn
	[[ $stderr == *"('per-layer' differs)"* ]]
}

@test "sn-train: --per-layer that makes no sense is refused before any work" {
	for spec in '' conv1 conv1:rate conv1:rate=-1 conv1:speed=1 fc2:rate=1 head:rate=1 'conv1:rate=1 conv2.weight:rate=1'; do
		run -2 --separate-stderr sn-train -m w0.bin -o w.bin --per-layer "$spec" absent.sn
		[[ $stderr == "sn-train: --per-layer: "* ]]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -2 --separate-stderr sn-train -m w0.bin -o w.bin --per-layer fc2:rate=1 absent.sn
	[[ $stderr == *"'fc2' is no layer with weights"*"there are conv1, fc1"* ]]
}

# ---- schedules ----

@test "sn-train: the log shows the rate that a schedule makes" {
	rates() { # rates OPTION...: 4 epochs of 2 steps
		sn-train -m w0.bin -o w.bin -e 4 -r 1e-4 -b 80 "$@" --log log.tsv pairs.sn
		column rate log.tsv | awk '{ printf "%s%.4g", (NR > 1 ? " " : ""), $1 * 1e4 }'
	}
	[ "$(rates)" = '1 1 1 1 1 1 1 1' ]
	[ "$(rates --schedule step:every=2,factor=0.5)" = '1 1 1 1 0.5 0.5 0.5 0.5' ]
	[ "$(rates --schedule exponential:factor=0.5)" = '1 1 0.5 0.5 0.25 0.25 0.125 0.125' ]
	[ "$(rates --schedule inverse:gamma=1,power=1)" = '1 0.5 0.3333 0.25 0.2 0.1667 0.1429 0.125' ]
	[ "$(rates --schedule cosine)" = '1 0.9619 0.8536 0.6913 0.5 0.3087 0.1464 0.03806' ]
	[ "$(rates --warm-up 4)" = '0.25 0.5 0.75 1 1 1 1 1' ]
	[ "$(rates --warm-up 4 --schedule exponential:factor=0.5)" = '0.25 0.5 0.375 0.5 0.25 0.25 0.125 0.125' ]
}

@test "sn-train: --schedule plateau lowers the rate after epochs without gain" {
	sn-train -m w0.bin -o w.bin -e 60 -r 0.1 --schedule plateau:patience=2,factor=0.5 --validate image:0.2 --log log.tsv items.sn
	# the same rule, from the log
	awk -F '\t' 'NR > 1 {
			if ($8 - r > 1e-7 * r || r - $8 > 1e-7 * r) exit 1
			if ($10 != "-") {
				if (!seen++ || $10 < best) { best = $10; waited = 0 }
				else if (++waited == 2) { waited = 0; r /= 2; drops++ }
			}
		}
		BEGIN { r = 0.1 }
		END { if (!drops) exit 1 }' log.tsv
}

@test "sn-train: schedules that make no sense are refused" {
	for spec in '' steps step:every=0 step:size=3 cosine:least=2 plateau; do
		run -2 --separate-stderr sn-train -m w0.bin -o w.bin --schedule "$spec" items.sn
		[[ $stderr == "sn-train: --schedule"* ]]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -2 --separate-stderr sn-train -m w0.bin -o w.bin --warm-up x items.sn
	[ ! -e w.bin ]
	unset SN_NO_HISTORY
	sn-train -m w0.bin -o w.bin -e 1 --schedule step --warm-up 2 items.sn
	sn-cat -t w.bin | head -n 1 | grep -qF '"schedule":"step:every=10,factor=0.1'
}

# ---- checkpoints ----

# killed ROWS OPTION...: a training that is killed when it has told of so many steps; its log is a pipe that holds few more
killed() {
	local rows=$1 ended=0 pid i line
	shift
	rm -f rows.pipe
	mkfifo rows.pipe
	sn-train "$@" --log rows.pipe &
	pid=$!
	exec 7<rows.pipe
	for ((i = 0; i <= rows; i++)); do read -r line <&7; done
	kill -9 $pid
	exec 7<&-
	wait $pid || ended=$?
	[ "$ended" -eq 137 ]
	[ -n "$line" ]
}

@test "sn-train: killed at any moment and resumed, the same bytes as one that ran through" {
	printf '%s\n' 'input 8x8x1' 'conv 4 size=3' 'batchnorm' 'relu' 'maxpool size=2' 'flatten' 'dropout 0.1' 'linear 4' >bn.net
	sn-init -o bn.bin bn.net
	# 500 epochs of 4 steps: many more rows than fit a pipe
	how=(-m bn.bin -e 500 --batch 4x5 --augment "noise erase" --optimizer adamw --schedule "plateau:patience=20,factor=0.9"
		--average 0.9 --clip 1 --validate image:0.2)
	sn-train "${how[@]}" -o through.bin items.sn
	for rows in 1 7 40 333 801; do
		rm -f w.bin
		killed $rows "${how[@]}" -o w.bin --checkpoint c.ckpt --every $((rows % 5 + 1)) items.sn
		[ ! -e w.bin ]
		sn-train "${how[@]}" -j 3 -o w.bin --resume c.ckpt items.sn
		cmp through.bin w.bin
	done
	# and again, killed twice
	killed 100 "${how[@]}" -o w.bin --checkpoint c.ckpt --every 7 items.sn
	killed 300 "${how[@]}" -o w.bin --checkpoint c.ckpt --every 3 --resume c.ckpt items.sn
	sn-train "${how[@]}" -o w.bin --resume c.ckpt items.sn
	cmp through.bin w.bin
}

@test "sn-train: checkpoints of every optimiser, of pairs and of a trained distance" {
	sn-init -d weighted-l1 -o koch.bin net.net
	for how in '--optimizer sgd' '--optimizer sgd --nesterov' '--optimizer adam --schedule cosine' '--optimizer rmsprop --momentum 0.5' '-d weighted-l1'; do
		model=w0.bin
		[[ $how != *weighted* ]] || model=koch.bin
		# shellcheck disable=SC2086
		sn-train -m $model -o through.bin -e 5 -b 16 $how --checkpoint c.ckpt --every 37 pairs.sn
		# shellcheck disable=SC2086
		sn-train -m $model -o w.bin -e 5 -b 16 $how --resume c.ckpt --log log.tsv pairs.sn
		cmp through.bin w.bin
		[ "$(column step log.tsv | head -n 1)" -eq 38 ]
	done
	[ "$(sn-cat -t c.ckpt | head -n 1 | grep -c '"kind":"checkpoint"')" -eq 1 ]
}

@test "sn-train: checkpoints are not in the history" {
	unset SN_NO_HISTORY
	sn-train -m w0.bin -o a.bin -e 2 items.sn
	sn-train -m w0.bin -o b.bin -e 2 --checkpoint c.ckpt --every 1 items.sn
	cmp a.bin b.bin
	sn-train -m w0.bin -o b.bin -e 2 --resume c.ckpt --checkpoint d.ckpt items.sn
	cmp a.bin b.bin
}

@test "sn-train: --resume refuses other data, options, models and files" {
	sn-train -m w0.bin -o w.bin -e 2 --batch 4x5 --checkpoint c.ckpt --every 3 items.sn
	rm w.bin
	pictures 84 items | json_stream more.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 2 --batch 4x5 --resume c.ckpt more.sn
	[[ $stderr == "sn-train: c.ckpt: the checkpoint is of a training on other data"* ]]
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 2 --batch 4x5 -r 0.5 --resume c.ckpt items.sn
	[[ $stderr == "sn-train: c.ckpt: "*"other options ('rate' differs)"* ]]
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 2 --batch 4x5 --clip 1 --resume c.ckpt items.sn
	[[ $stderr == *"('clip' differs)"* ]]
	sn-init -s 2 -o w1.bin net.net
	run -1 --separate-stderr sn-train -m w1.bin -o w.bin -e 2 --batch 4x5 --resume c.ckpt items.sn
	[[ $stderr == *"('model' differs)"* ]]
	for file in w0.bin items.sn /dev/null absent.ckpt; do
		run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 2 --batch 4x5 --resume $file items.sn
		[[ $stderr == "sn-train: "* ]]
	done
	size=$(wc -c <c.ckpt)
	for n in 1 100 $((size / 2)) $((size - 1)); do
		head -c "$n" c.ckpt >cut.ckpt
		run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 2 --batch 4x5 --resume cut.ckpt items.sn
		[[ $stderr == "sn-train: "* ]]
	done
	sn-cat -t c.ckpt | grep -v '"param":"first:fc1.bias"' | sed 's/"end":.*/"end":'$(($(sn-cat -t c.ckpt | wc -l) - 3))'}/' | json_stream less.ckpt
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin -e 2 --batch 4x5 --resume less.ckpt items.sn
	[[ $stderr == *"'first:fc1.bias' is missing"* ]]
	[ ! -e w.bin ]
}

@test "sn-train: checkpoints that cannot be are refused" {
	for how in '--every 5' '--checkpoint c.ckpt --every 0' '--checkpoint c.ckpt --every 5s' '--checkpoint c.ckpt --every -1' '--checkpoint -' '--resume -'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-train -m w0.bin -o w.bin $how items.sn
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin --checkpoint absent/c.ckpt items.sn
	run -1 --separate-stderr sn-train -m w0.bin -o w.bin --checkpoint /dev/full items.sn
	[ ! -e w.bin ]
}
