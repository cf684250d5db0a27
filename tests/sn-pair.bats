#!/usr/bin/env bats
# sn-pair - which pairs, how many, in which order; and what is refused.
load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# items FILE "LABEL|LABEL*|-"...: a stream of 1x1 pictures; * is a forgery, - has no label; numbers have gaps
items() {
	local file=$1 n=0 label forged
	shift
	{
		echo '{"sn":1,"kind":"items"}'
		for label in "$@"; do
			forged=
			[ "$label" = "${label%\*}" ] || forged=',"forged":true'
			label=\"${label%\*}\"
			[ "$label" != '"-"' ] || label=null
			echo "{\"item\":$((2 * n)),\"key\":\"k$n\",\"label\":$label$forged,\"x\":{\"type\":\"|u1\",\"shape\":[1,1,1],\"data\":[7]}}"
			n=$((n + 1))
		done
		echo "{\"end\":$n}"
	} | json_stream "$file"
}

# classes FILE C N: C classes of N items each, in turn
classes() {
	local list=() i c
	for ((i = 0; i < $3; i++)); do
		for ((c = 0; c < $2; c++)); do list+=("c$c"); done
	done
	items "$1" "${list[@]}"
}

# pairs ARGS...: the pairs as lines "a b same|different|nil [trial] [batch]", by number
pairs() {
	sn-pair "$@" >pairs.sn
	sn-cat -t pairs.sn | sed -nE 's/^\{"pair":\[([0-9]+),([0-9]+)\],"same":(true|false|null)/\1 \2 \3 /p' |
		sed -E 's/ true/ same/; s/ false/ different/; s/ null/ nil/; s/[^ 0-9a-z].*"(trial|batch)":([0-9]+).*/\2/; s/[ }]*$//'
}

# unique: no pair twice, either way round, none with itself
unique() {
	awk '{ k = $1 < $2 ? $1 " " $2 : $2 " " $1; if ($1 == $2 || seen[k]++) exit 1 }' "$1"
}

count() {
	grep -c " $1\>" "$2" || true
}

# same_as_embeddings OPTIONS...: u1.sn and f4.sn differ in x alone: their pairs are the same
# shellcheck disable=SC2120
same_as_embeddings() {
	sn-pair "$@" u1.sn | sn-cat -t | grep '^{"pair' >of-u1.txt
	sn-pair "$@" f4.sn | sn-cat -t | grep '^{"pair' >of-f4.txt
	[ -s of-u1.txt ]
	cmp of-u1.txt of-f4.txt
}

@test "sn-pair: four items, by hand" {
	items in.sn a b a b
	pairs in.sn >out
	[ "$(grep same out | sort)" = $'0 4 same\n2 6 same' ]
	[ "$(count different out)" = 2 ]
	unique out
	# every item is in one different pair
	[ "$(grep different out | tr ' ' '\n' | grep '[0-9]' | sort -n | tr '\n' ' ')" = "0 2 4 6 " ]
}

@test "sn-pair: items keep their bytes, the pairs follow, the end counts both" {
	items in.sn a b a b
	sn-pair in.sn >out.sn
	sn-cat -t in.sn | grep '^{"item' >want
	sn-cat -t out.sn | grep '^{"item' >have
	cmp want have
	run -0 sn-cat -t out.sn
	[[ ${lines[0]} == *'"kind":"pairs"'* ]]
	[[ ${lines[1]} == '{"item":0,'* && ${lines[4]} == '{"item":6,'* ]]
	[[ ${lines[5]} == '{"pair":['* && ${lines[8]} == '{"pair":['* ]]
	[[ ${lines[9]} == '{"end":8,'* ]]
}

@test "sn-pair: unknown keys and records keep their bytes and place" {
	{
		echo '{"sn":1,"kind":"items","mine":[1,2]}'
		echo '{"item":0,"key":"a","label":"a","x":{"type":"|u1","shape":[1,1,1],"data":[1]},"zoom":2.5}'
		echo '{"something":"else"}'
		echo '{"item":1,"key":"b","label":"b","x":{"type":"|u1","shape":[1,1,1],"data":[1]}}'
		echo '{"end":3}'
	} | json_stream in.sn
	run -0 bash -o pipefail -c 'sn-pair --all in.sn | sn-cat -t'
	[[ ${lines[0]} == *'"mine":[1,2]'* ]]
	[[ ${lines[1]} == *'"zoom":2.5'* ]]
	[[ ${lines[2]} == '{"something":"else"}' ]]
	[[ ${lines[4]} == '{"pair":[0,1],"same":false}' ]]
}

@test "sn-pair: file, standard input and - are the same" {
	classes in.sn 3 4
	sn-pair in.sn >1.out
	sn-pair <in.sn >2.out
	sn-pair - <in.sn >3.out
	# shellcheck disable=SC2002
	cat in.sn | sn-pair >4.out
	sn-pair -o 5.out in.sn
	for i in 2 3 4 5; do cmp 1.out $i.out; done
}

@test "sn-pair: two runs give the same bytes, another seed other pairs" {
	classes in.sn 5 8
	for options in "" "-n 30" "--batch 3x4" "--trials 9 --way 3" "--window 6"; do
		# shellcheck disable=SC2086
		sn-pair $options in.sn >1.out
		# shellcheck disable=SC2086
		sn-pair $options in.sn >2.out
		# shellcheck disable=SC2086
		sn-pair $options -s 1 in.sn >3.out
		# shellcheck disable=SC2086
		sn-pair $options -s 2 in.sn >4.out
		cmp 1.out 2.out
		cmp 1.out 3.out
		run ! cmp -s 1.out 4.out
	done
}

@test "sn-pair: the pairs do not depend on x" {
	embeddings f4.sn a '[1,2]' b '[3,4]' a '[5,6]' b '[0,1]' c '[9,9]' c '[1,1]' - '[2,2]' a '[2,3]'
	sn-cat -t f4.sn | sed -E 's/"x":\{[^}]*\}/"x":{"type":"|u1","shape":[1,1,1],"data":[3]}/; s/,"xxh3":[0-9]+//' |
		json_stream u1.sn
	same_as_embeddings
	same_as_embeddings -n 4
	same_as_embeddings --all
	same_as_embeddings --batch 2x2
	same_as_embeddings --trials 5 --way 2
	same_as_embeddings --window 4
	printf 'k0 k2 same\nk1 k9 different\n' >list
	same_as_embeddings --list list
}

@test "sn-pair: before sn-embed or behind it, the same bytes" {
	faces
	sn-init lenet -o w.bin
	printf 'anna/1.pgm ben/1.pgm different\nanna/1.pgm anna/9.pgm same\n' >list
	for options in "" "-n 9" "--all" "--batch 2x3" "--trials 4 --way 3" "--window 5" "--list list"; do
		# shellcheck disable=SC2086
		sn-load faces | sn-pair -q $options | sn-embed -m w.bin >1.out
		# shellcheck disable=SC2086
		sn-load faces | sn-embed -m w.bin | sn-pair -q $options >2.out
		cmp 1.out 2.out
	done
	sn-pair faces | sn-embed -m w.bin | sn-dist -t >out
	[ "$(grep -c same out)" = 6 ]
	[ "$(grep -c different out)" = 6 ]
}

@test "sn-pair: default, every item once in same and once in different pairs" {
	classes in.sn 6 8
	for seed in 1 2 3 4 5; do
		pairs -s $seed in.sn >out
		unique out
		[ "$(count same out)" = 24 ]
		[ "$(count different out)" = 24 ]
		for kind in same different; do
			[ "$(grep $kind out | cut -d' ' -f1,2 | tr ' ' '\n' | sort -n | uniq -c | awk '$1 != 1')" = "" ]
			[ "$(grep $kind out | cut -d' ' -f1,2 | tr ' ' '\n' | sort -u | wc -l)" = 48 ]
		done
		awk '{ same = ($1 / 2) % 6 == ($2 / 2) % 6; if (same != ($3 == "same")) exit 1 }' out
	done
}

@test "sn-pair: an odd class pairs its last item with its first" {
	items in.sn a a a b b b
	pairs in.sn >out
	unique out
	[ "$(count same out)" = 4 ]
	[ "$(count different out)" = 4 ]
	[ "$(grep same out | cut -d' ' -f1,2 | tr ' ' '\n' | sort -u | wc -l)" = 6 ]
	[ "$(grep different out | cut -d' ' -f1,2 | tr ' ' '\n' | sort -u | wc -l)" = 6 ]
}

@test "sn-pair: the default list is shuffled as a whole" {
	classes in.sn 10 10
	pairs in.sn >out
	[ "$(head -50 out | grep -c same)" -gt 10 ]
	[ "$(head -50 out | grep -c same)" -lt 40 ]
}

@test "sn-pair: classes of one are counted on standard error" {
	items in.sn a a b c c d
	run -0 --separate-stderr sn-pair -o out.sn in.sn
	[[ $stderr == "sn-pair: 2 classes have one genuine item: they give different pairs only" ]]
	run -0 --separate-stderr sn-pair -q -o out.sn in.sn
	[ -z "$stderr" ]
}

@test "sn-pair: no same pair, no different pair, no label: said, with what to do" {
	items in.sn a b c
	run -1 --separate-stderr sn-pair -o out.sn in.sn
	[[ $stderr == "sn-pair: in.sn: no same pair: each of the 3 labels"*"--all"* ]]
	[ ! -e out.sn ]
	items in.sn a a a
	run -1 --separate-stderr sn-pair in.sn -o out.sn
	[[ $stderr == *"no different pair"*"'a'"* ]]
	items in.sn - - -
	run -1 --separate-stderr sn-pair in.sn -o out.sn
	[[ $stderr == *"no item has a label"* ]]
	items in.sn a
	run -1 --separate-stderr sn-pair --all in.sn -o out.sn
	[[ $stderr == *"no pair among 1 item"* ]]
	[ ! -e out.sn ]
}

@test "sn-pair: what failed goes down a pipe without an end" {
	items in.sn a b c
	sn-pair in.sn >out.sn 2>err.txt && return 1
	run -1 --separate-stderr sn-cat out.sn
	[[ $stderr == *sn-cat:* ]]
}

@test "sn-pair --all: sorted by b, then a; nil and forgeries by the rule" {
	items in.sn a a b 'a*' - 'b*'
	run -0 pairs --all in.sn
	[ "$output" = "0 2 same
0 4 different
2 4 different
0 6 different
2 6 different
4 6 different
0 8 nil
2 8 nil
4 8 nil
6 8 nil
0 10 different
2 10 different
4 10 different
8 10 nil" ]
	run -0 pairs --all --impostors random in.sn
	[ "$output" = "0 2 same
0 4 different
2 4 different
0 8 nil
2 8 nil
4 8 nil
6 8 nil
8 10 nil" ]
	run -0 pairs --all --impostors forged in.sn
	[ "$(grep -c different <<<"$output")" = 3 ]
	run -0 pairs --all --impostors both in.sn
	[ "$(grep -c different <<<"$output")" = 5 ]
}

@test "sn-pair --all: pairs are not held in memory" {
	# 5000 items are 12,497,500 pairs of 40 bytes, more than the address space here
	classes in.sn 10 500
	export OPENBLAS_NUM_THREADS=1
	(ulimit -v 450000 && timeout 20 sn-pair -V >out 2>&1) || skip "not even -V runs in 450 MB"
	run -0 bash -o pipefail -c 'ulimit -v 450000; sn-pair --all in.sn | tail -c 64 | wc -c'
	[ "$output" = 64 ]
}

@test "sn-pair -n: exact counts, no pair twice" {
	classes in.sn 4 6
	for n in 1 2 7 60 119; do
		pairs -n $n in.sn >out
		unique out
		[ "$(wc -l <out)" = $n ]
		[ "$(count same out)" = $(((n + 1) / 2)) ]
	done
	pairs -n 40 --balance 0.25 in.sn >out
	[ "$(count same out)" = 10 ]
	pairs -n 40 --balance 0 in.sn >out
	[ "$(count same out)" = 0 ]
	# 4 * 15 same pairs there are, and 6 * 36 different ones: all of them
	pairs -n 60 --balance 1 in.sn >out
	unique out
	[ "$(count same out)" = 60 ]
	pairs -n 216 --balance 0 in.sn >out
	unique out
	[ "$(count different out)" = 216 ]
	run -1 --separate-stderr sn-pair -n 61 --balance 1 in.sn
	[[ $stderr == *"too few same pairs: there are 60, wanted 61"* ]]
	run -1 --separate-stderr sn-pair -n 217 --balance 0 in.sn
	[[ $stderr == *"there are 216, wanted 217"* ]]
	run -1 --separate-stderr sn-pair -n 1000000000000 in.sn
	[[ $stderr == *"there are 276, wanted 1000000000000"* ]]
}

@test "sn-pair --impostors: random, forged, both" {
	items in.sn a a a a b b b b 'a*' 'a*' 'a*' 'a*' 'b*' 'b*' 'b*' 'b*'
	# forged items have numbers from 16 on
	pairs in.sn >out
	unique out
	[ "$(count same out)" = 4 ]
	[ "$(count different out)" = 4 ]
	[ "$(grep different out | awk '$1 >= 16 || $2 >= 16' | wc -l)" = 2 ]
	[ "$(awk '$1 >= 16 && $2 >= 16' out)" = "" ]
	pairs --impostors both in.sn >same
	cmp out same
	pairs --impostors random in.sn >out
	[ "$(count different out)" = 4 ]
	[ "$(awk '$1 >= 16 || $2 >= 16' out)" = "" ]
	pairs --impostors forged in.sn >out
	[ "$(grep different out | awk '$2 >= 16' | wc -l)" = 4 ]
	# a forgery is paired with the one whose label it has
	awk '$2 >= 16 && (($1 >= 8) != ($2 >= 24)) { exit 1 }' out
	pairs -n 20 in.sn >out
	unique out
	[ "$(grep different out | awk '$2 >= 16' | wc -l)" = 5 ]
	[ "$(awk '$1 >= 16 && $2 >= 16' out)" = "" ]
	run -1 --separate-stderr sn-pair -n 40 --balance 0 --impostors forged in.sn
	[[ $stderr == *"too few forged pairs: there are 32, wanted 40"* ]]
	items in.sn a a b b
	run -1 --separate-stderr sn-pair --impostors forged in.sn
	[[ $stderr == *"no forged item"*"sn-load --forged"* ]]
}

@test "sn-pair --batch: batches of P by K, all pairs of each, each item once" {
	classes in.sn 6 4
	pairs --batch 3x2 in.sn >out
	unique out
	# 4 batches of 6 items: 3 same and 12 different pairs
	[ "$(wc -l <out)" = 60 ]
	[ "$(cut -d' ' -f4 out | uniq -c | awk '{print $1 ":" $2}' | tr '\n' ' ')" = "15:0 15:1 15:2 15:3 " ]
	[ "$(count same out)" = 12 ]
	[ "$(awk '{print $1 " " $4 "\n" $2 " " $4}' out | sort -u | wc -l)" = 24 ]
	run -1 --separate-stderr sn-pair --batch 7x2 in.sn
	[[ $stderr == *"too few classes: there are 6"* ]]
	run -2 --separate-stderr sn-pair --batch 1x2 in.sn
	run -2 --separate-stderr sn-pair --batch 4 in.sn
}

@test "sn-pair --trials: a query, way times shot supports, one class its own" {
	classes in.sn 6 4
	pairs --trials 24 --way 5 --shot 2 in.sn >out
	[ "$(wc -l <out)" = 240 ]
	awk '{ t = int((NR - 1) / 10); if ($4 != t) exit 1
		if (NR % 10 == 1) { q = $1; delete s; same = 0 }
		if ($1 != q || $2 == q || s[$2]++) exit 1
		own = ($1 / 2) % 6 == ($2 / 2) % 6
		if (own != ($3 == "same")) exit 1
		same += own
		if (NR % 10 == 0 && same != 2) exit 1 }' out
	# each item is asked for once
	[ "$(awk 'NR % 10 == 1 { print $1 }' out | sort -u | wc -l)" = 24 ]
	run -1 --separate-stderr sn-pair --trials 2 --way 7 in.sn
	[[ $stderr == *"too few classes: 6 have 1"* ]]
	run -1 --separate-stderr sn-pair --trials 2 --way 2 --shot 4 in.sn
	[[ $stderr == *"too few items"* ]]
	run -2 --separate-stderr sn-pair --trials 2 --way 1 in.sn
	run -2 --separate-stderr sn-pair --way 2 in.sn
}

@test "sn-pair --within: classes of a trial share the first parts of their labels" {
	items in.sn x/a x/a x/b x/b x/c x/c y/a y/a y/b y/b y/c y/c
	pairs --trials 12 --way 3 --within 1 in.sn >out
	[ "$(wc -l <out)" = 36 ]
	awk '($1 < 12) != ($2 < 12) { exit 1 }' out
	run -1 --separate-stderr sn-pair --trials 1 --way 4 --within 1 in.sn
	[[ $stderr == *"no labels that share their first 1 part"* ]]
	pairs --trials 12 --way 4 in.sn >out
	# shellcheck disable=SC2016
	run ! awk '($1 < 12) != ($2 < 12) { exit 1 }' out
}

@test "sn-pair --trials --across: the query is of one condition, all others of one other" {
	local c i
	for c in anna ben carl; do
		mkdir -p "p/$c"
		for i in 1 2 3; do picture "p/$c/$i.pgm" 2 2 $i; done
	done
	sn-pair -t --trials 18 --way 3 --across '/([0-9]+)[.]' p >out
	[ "$(wc -l <out)" = 54 ]
	awk -F'\t' '{ split($1, a, "[/.]"); split($2, b, "[/.]"); t = int((NR - 1) / 3)
		if ($4 != t || a[3] == b[3] || (a[2] == b[2]) != ($3 == "same")) exit 1
		if (NR % 3 == 1) { q = $1; s = b[3] }
		if ($1 != q || b[3] != s) exit 1 }' out
	# each item is asked for twice
	[ "$(awk 'NR % 3 == 1 { print $1 }' out | sort | uniq -c | awk '{ print $1 }' | sort -u)" = 2 ]
	run -1 --separate-stderr sn-pair --trials 2 --way 4 --across '/([0-9]+)[.]' p
	[[ $stderr == *"too few classes: under no condition of --across"* ]]
	run -1 --separate-stderr sn-pair --trials 2 --across 'p' --way 3 p
	[[ $stderr == *"finds the same in every key"* ]]
	run -1 --separate-stderr sn-pair --trials 2 --across '/x' p
	[[ $stderr == *"'/x' is not found in the key 'p/anna/1.pgm'"* ]]
	run -2 --separate-stderr sn-pair --trials 2 --across '(' -o out.sn p
	[[ $stderr == *"no regular expression"* && ! -e out.sn ]]
	run -2 --separate-stderr sn-pair --across '(.)' p
	[[ $stderr == *"--across go"* ]]
}

@test "sn-pair -n, --all: pairs within a group of labels, and across conditions" {
	local a c i
	for a in A B; do
		for c in 1 2; do
			mkdir -p "p/$a/$c"
			for i in 1 2 3; do picture "p/$a/$c/$i.pgm" 2 2 $i; done
		done
	done
	# 4 classes of 3 pairs; 2 groups with 2 classes of 3 items: 9 different ones each, 3 of one session
	sn-pair -t --all --within 1 p | cut -f3 | sort | uniq -c >count.txt
	[ "$(tr -d '\n' <count.txt | tr -s ' ')" = " 18 different 12 same" ]
	sn-pair -t --all --within 1 --across '/([0-9]+)[.]' p >all.txt
	[ "$(cut -f3 all.txt | grep -c different)" = 12 ]
	sn-pair -t -n 24 --within 1 --across '/([0-9]+)[.]' p | cut -f1-3 | sort >24.txt
	cut -f1-3 all.txt | sort | cmp - 24.txt
	awk -F'\t' '{ split($1, a, "[/.]"); split($2, b, "[/.]")
		if (a[2] != b[2] || a[4] == b[4] || (a[3] == b[3]) != ($3 == "same")) exit 1 }' all.txt
	run -1 --separate-stderr sn-pair -n 26 --within 1 --across '/([0-9]+)[.]' -o out.sn p
	[[ $stderr == *"there are 24, wanted 26"* ]]
	run -1 --separate-stderr sn-pair -n 20 --balance 0.2 --within 1 --across '/([0-9]+)[.]' -o out.sn p
	[[ $stderr == *"too few random different pairs: there are 12, wanted 16; lower -n"* ]]
	run -1 --separate-stderr sn-pair --all --within 2 --across '/(A)?' -o out.sn p/A/1
	[[ $stderr == *"finds the same in every key"* ]]
	run -1 --separate-stderr sn-pair --all --within 1 --label '/([0-9]+)[.]' --forged '/(1)[.]' --impostors default -o out.sn p/A/1
	[[ $stderr == *"no pair among 3 items that --within or --across allows" && ! -e out.sn ]]
	for options in "--within 1" "--window 4 --within 1" "--all --window 4 --across (.)" "--batch 2x2 --within 1" "--references 1 --across (.)"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-pair $options p
		[[ $stderr == *"--within and --across go with --trials, -n and --all"* ]]
	done
}

@test "sn-pair --list: our lines, by key or a unique ending" {
	items in.sn a a b b
	printf 'k0 k1 same\nk0\tk2\tdifferent\t4\n\nk3 k2 -\n' >list
	run -0 pairs --list list in.sn
	[ "$output" = "0 2 same
0 4 different 4
6 4 same" ]
	run -0 bash -c 'pairs() { :; }; sn-pair --list - in.sn <list | sn-cat -t | grep -c "^{\"pair"'
	[ "$output" = 3 ]
	run -2 --separate-stderr sn-pair --list - <in.sn
	[[ $stderr == *"standard input"* ]]
}

@test "sn-pair --list: Kaldi's trials and LFW's pairs" {
	mkdir -p lfw/Al_Gore lfw/Bo
	picture lfw/Al_Gore/Al_Gore_0001.pgm 1 1 1
	picture lfw/Al_Gore/Al_Gore_0002.pgm 1 1 2
	picture lfw/Bo/Bo_0003.pgm 1 1 3
	printf '1\t1\nAl_Gore\t1\t2\nAl_Gore\t2\tBo\t3\n' >pairs.txt
	run -0 sn-pair -t --list pairs.txt lfw
	[[ ${lines[0]} == $'lfw/Al_Gore/Al_Gore_0001.pgm\tlfw/Al_Gore/Al_Gore_0002.pgm\tsame'* ]]
	[[ ${lines[1]} == $'lfw/Al_Gore/Al_Gore_0002.pgm\tlfw/Bo/Bo_0003.pgm\tdifferent'* ]]
	printf 'Bo/Bo_0003.pgm Al_Gore/Al_Gore_0001.pgm nontarget\nAl_Gore_0001.pgm Al_Gore_0002.pgm target\n' >trials
	run -0 sn-pair -t --list trials lfw
	[[ ${lines[0]} == $'lfw/Bo/Bo_0003.pgm\tlfw/Al_Gore/Al_Gore_0001.pgm\tdifferent'* ]]
	[[ ${lines[1]} == *same ]]
}

@test "sn-pair --list: the folds of LFW are runs of lines" {
	local n
	for n in Al Bo Cy Di; do
		mkdir -p lfw/$n
		picture lfw/$n/${n}_0001.pgm 1 1 1
		picture lfw/$n/${n}_0002.pgm 1 1 2
	done
	printf '2\t1\nAl\t1\t2\nAl\t1\tBo\t2\nCy\t1\t2\nDi\t1\tCy\t2\n' >pairs.txt
	run -0 sn-pair -t --list pairs.txt lfw
	[ "${#lines[@]}" = 4 ]
	sed -n 4,5p pairs.txt >2.txt
	run -0 sn-pair -t --list 2.txt lfw
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} == lfw/Di/Di_0001.pgm$'\t'lfw/Cy/Cy_0002.pgm$'\t'different* ]]
	run -0 bash -c 'sed 4,5d pairs.txt | sn-pair -t --list - lfw'
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == lfw/Al/Al_0001.pgm$'\t'lfw/Al/Al_0002.pgm$'\t'same* ]]
}

# runs FOLDER N: two one-shot runs of N pictures each, the right one of item i being class N + 1 - i
runs() {
	local r i
	for r in 1 2; do
		mkdir -p "$1/run0$r/test" "$1/run0$r/training"
		for ((i = 1; i <= $2; i++)); do
			picture "$1/run0$r/test/item0$i.pgm" 2 2 $((16 * r + i))
			picture "$1/run0$r/training/class0$i.pgm" 2 2 $((16 * r + i + 8))
			echo "run0$r/test/item0$i.pgm run0$r/training/class0$(($2 + 1 - i)).pgm"
		done >"$1/run0$r/class_labels.txt"
	done
}

@test "sn-pair --runs: each item of a run with all its training pictures, the right one being the same" {
	runs all 3
	run -0 --separate-stderr sn-pair -q -t --runs all
	[ "${#lines[@]}" = 18 ]
	[ "${lines[0]}" = $'all/run01/test/item01.pgm\tall/run01/training/class01.pgm\tdifferent\t0' ]
	[ "${lines[2]}" = $'all/run01/test/item01.pgm\tall/run01/training/class03.pgm\tsame\t0' ]
	[ "${lines[17]}" = $'all/run02/test/item03.pgm\tall/run02/training/class03.pgm\tdifferent\t5' ]
	[ "$(printf '%s\n' "${lines[@]}" | awk -F'\t' '{ split($1, a, "/"); split($2, b, "/")
		if (a[2] != b[2] || $4 != int((NR - 1) / 3)) exit 1
		n += $3 == "same" } END { print n }')" = 6 ]
	# one run alone, and a stream with the runs joined, are the same
	sn-pair -q -t --runs all/run02 | cut -f1-3 >2.txt
	sn-pair -q -t --runs all | tail -n +10 | cut -f1-3 | cmp - 2.txt
	sn-load -q --label none -o items.sn all
	cat all/run0?/class_labels.txt >list
	sn-pair -t --list list items.sn >list.txt
	sn-pair -q -t --runs all | cmp - list.txt
	# the answer is counted per trial
	sn-init lenet -o w.bin
	sn-pair -q --runs all | sn-embed -m w.bin | sn-dist | sn-eval -q >eval.txt
	grep -q "^nway-chance	0.333333333	-	-	6$" eval.txt
}

@test "sn-pair --runs: a picture that is missing is missed" {
	runs all 3
	rm all/run01/training/class02.pgm
	run -0 --separate-stderr sn-pair -t --runs all
	[ "${#lines[@]}" = 18 ]
	[[ $stderr == *"1 key in 'all' is that of no item: 'run01/training/class02.pgm'"* ]]
	[ "${lines[2]}" = $'all/run01/test/item01.pgm\trun01/training/class02.pgm\tdifferent\t0' ]
	[ "${lines[5]}" = $'all/run01/test/item02.pgm\trun01/training/class02.pgm\tsame\t1' ]
}

@test "sn-pair --runs: what is wrong is named" {
	runs all 3
	run -2 --separate-stderr sn-pair --runs
	[[ $stderr == *"--runs wants a folder"* ]]
	run -2 --separate-stderr sn-pair --runs --all all
	mkdir empty
	run -1 --separate-stderr sn-pair --runs empty
	[[ $stderr == *"no class_labels.txt in 'empty' or a folder in it"* && -z $output ]]
	run -1 --separate-stderr sn-pair -q --runs --label dir -o out.sn all
	[[ $stderr == *"run01/class_labels.txt:1: "*"are to be told apart and have the same label, 'run01/training'; load them with"* ]]
	echo 'run02/test/item01.pgm run02/training/class01.pgm same' >>all/run02/class_labels.txt
	run -1 --separate-stderr sn-pair -q --runs all
	[[ $stderr == *"all/run02/class_labels.txt:4: no pair; wanted"* ]]
	sed -i 's/$/ same/' all/run01/class_labels.txt
	rm all/run02/class_labels.txt
	run -1 --separate-stderr sn-pair -q --runs all
	[[ $stderr == *"all/run01/class_labels.txt:1: no question; wanted 'questioned-key key'"* ]]
	echo 'run01/test/item01.pgm run01/test/item01.pgm' >all/run01/class_labels.txt
	run -1 --separate-stderr sn-pair -q --runs all -o out.sn
	[[ $stderr == *"is paired with itself"* ]]
	mkdir all/alone
	mv all/run01/training/class01.pgm all/alone/1.pgm
	echo 'run01/test/item01.pgm alone/1.pgm' >all/run01/class_labels.txt
	run -1 --separate-stderr sn-pair -q --runs all -o out.sn
	[[ $stderr == *"nothing to tell 'all/alone/1.pgm' from"* ]]
	[ ! -e out.sn ]
}

@test "sn-pair: the folders of CEDAR and SigComp, genuine and forged by name" {
	local s i
	for s in 1 2 12; do
		mkdir -p cedar-ink/$s
		for i in 1 2 3; do
			picture cedar-ink/$s/original_${s}_$i.pgm 2 2 $i
			picture cedar-ink/$s/forgeries_${s}_$i.pgm 2 2 $((i + 8))
		done
	done
	sn-load --label 'original_([0-9]+)_' --forged 'forgeries_([0-9]+)_' -o cedar.sn cedar-ink
	[ "$(sn-cat -t cedar.sn | grep -c '"label":"12"')" = 6 ]
	[ "$(sn-cat -t cedar.sn | grep -c '"label":"12","forged":true')" = 3 ]
	sn-pair -t --all --impostors forged cedar.sn >skilled.txt
	[ "$(cut -f3 skilled.txt | sort | uniq -c | awk '{ printf "%s%s ", $1, $2 }')" = "27different 9same " ]
	awk -F'\t' '{ split($1, a, "/"); split($2, b, "/"); if (a[2] != b[2]) exit 1 }' skilled.txt
	sn-pair -t --all --impostors random cedar.sn >random.txt
	[ "$(cut -f3 random.txt | sort | uniq -c | awk '{ printf "%s%s ", $1, $2 }')" = "27different 9same " ]
	run ! grep -q forg random.txt
	# a signer is in one part, with forgeries
	sn-split --share 0.34 -o train.sn -O test.sn cedar.sn
	[ "$(sn-cat -t test.sn | grep '^{"item' | sed -E 's/.*"label":"([0-9]+)".*/\1/' | sort -u | wc -l)" = 1 ]
	[ "$(sn-cat -t test.sn | grep -c forged)" = 3 ]

	for s in 001 014; do
		mkdir -p sigcomp/$s sigcomp/${s}_forg
		for i in 1 2; do
			picture sigcomp/$s/${s}_0$i.pgm 2 2 $i
			picture sigcomp/${s}_forg/0119${s}_0$i.pgm 2 2 $i
		done
	done
	sn-load --label '/([0-9]+)/' --forged '/([0-9]+)_forg/' -o sigcomp.sn sigcomp
	[ "$(sn-cat -t sigcomp.sn | grep -c '"label":"014","forged":true')" = 2 ]
	[ "$(sn-cat -t sigcomp.sn | grep -c '"label":"014"')" = 4 ]
	sn-pair -t --references 1 sigcomp.sn >references.txt
	[ "$(wc -l <references.txt)" = 8 ]
}

@test "sn-pair --list: a missing picture is added after the last item" {
	items in.sn a a b
	printf 'k0 gone/1.png same\nk1 k2 different\ngone/1.png k2 different\n' >list
	run -0 --separate-stderr sn-pair --list list -o out.sn in.sn
	[[ $stderr == "sn-pair: 1 key in 'list' is that of no item: 'gone/1.png'; its pairs will have no distance" ]]
	run -0 sn-cat -t out.sn
	[[ ${lines[4]} == '{"item":5,"key":"gone/1.png","label":null}' ]]
	[[ ${lines[5]} == '{"pair":[0,5],"same":true}' ]]
	[[ ${lines[7]} == '{"pair":[5,4],"same":false}' ]]
	[[ ${lines[8]} == '{"end":7,'* ]]
}

@test "sn-pair --list: what is wrong is named by file and line" {
	items in.sn a a b
	printf 'k0 k1 same\nk0 k1\n' >list
	run -1 --separate-stderr sn-pair --list list in.sn
	[[ $stderr == "sn-pair: list:2: no pair; wanted"* && -z $output ]]
	printf 'k0 k0 same\n' >list
	run -1 --separate-stderr sn-pair --list list in.sn -o out.sn
	[[ $stderr == "sn-pair: in.sn: list:1: 'k0' is paired with itself" ]]
	printf 'k0 k1 same\nk1 k0 different\n' >list
	run -1 --separate-stderr sn-pair --list list in.sn -o out.sn
	[[ $stderr == *"list:2: line 1 has the same pair and says otherwise"* ]]
	printf 'x y same\n' >list
	run -1 --separate-stderr sn-pair --list list in.sn -o out.sn
	[[ $stderr == *"no key of 'list' is that of an item"* ]]
	printf 'k0 k1 same\nk1 k0 same\n' >list
	run -0 --separate-stderr sn-pair --list list in.sn -o out.sn
	[[ $stderr == *"1 line of 'list' left out"* ]]
	run -1 --separate-stderr sn-pair --list absent in.sn
	[[ $stderr == *"cannot open 'absent'"* ]]
	: >list
	run -1 --separate-stderr sn-pair --list list in.sn
	[[ $stderr == *"no pair in 'list'"* ]]
}

@test "sn-pair --window: each item is paired at once with some before it" {
	items in.sn a b a a b c
	sn-pair --window 2 in.sn >out.sn
	run -0 sn-cat -t out.sn
	[[ ${lines[0]} == *'"window":2'* ]]
	# the order of maps: pairs come directly behind their second item
	[ "$(printf '%s\n' "${lines[@]}" | sed -E 's/^\{"(item|pair|end|sn)":(\[[0-9]+,)?([0-9]+).*"same":(.*)\}/\1 \3 \4/; s/^\{"(item|end|sn)":([0-9]+).*/\1 \2/' | tr '\n' ';')" = \
		"sn 1;item 0;item 2;pair 2 false;item 4;pair 4 true;pair 4 false;item 6;pair 6 true;pair 6 false;item 8;pair 8 false;item 10;pair 10 false;end 13;" ]
	run -0 pairs --window 2 --all in.sn
	[ "$output" = "0 2 different
0 4 same
2 4 different
2 6 different
4 6 same
4 8 different
6 8 different
6 10 different
8 10 different" ]
	for options in "-n 3" "--trials 2" "--batch 2x2" "--list in.sn"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-pair --window 2 $options in.sn
		[[ $stderr == *"--window goes with"* ]]
	done
}

@test "sn-pair --window: an item's pairs come out before the next item goes in" {
	items in.sn a a b
	mkfifo in
	sn-pair --window 2 in >out &
	local pid=$! size
	exec 4>in
	size=$(stat -c %s in.sn)
	head -c $((size - 40)) in.sn >&4
	for _ in $(seq 100); do
		[ "$(stat -c %s out)" -gt 100 ] && break
		sleep 0.1
	done
	[ "$(stat -c %s out)" -gt 100 ]
	tail -c 40 in.sn >&4
	exec 4>&-
	wait $pid
	sn-pair --window 2 in.sn | cmp - out
}

@test "sn-pair: sections are paired for themselves, each with its own end" {
	classes 1.sn 2 4
	classes 2.sn 3 2
	cat 1.sn 2.sn >in.sn
	sn-pair in.sn >out.sn
	sn-pair 1.sn >a.sn
	sn-pair 2.sn >b.sn
	cat a.sn b.sn | cmp - out.sn
}

@test "sn-pair: pictures that failed before are passed on" {
	{
		echo '{"sn":1,"kind":"items"}'
		for n in 0 1 2 3; do
			echo "{\"item\":$n,\"key\":\"k$n\",\"label\":\"$((n % 2))\",\"x\":{\"type\":\"|u1\",\"shape\":[1,1,1],\"data\":[1]}}"
		done
		echo '{"end":4,"failed":3}'
	} | json_stream in.sn
	run -0 bash -o pipefail -c 'sn-pair in.sn | sn-cat -t'
	[[ ${lines[-1]} == '{"end":8,"failed":3,'* ]]
}

# ---- folders and pictures ---------------------------------------------------------------

faces() {
	local c i
	for c in anna ben carl; do
		mkdir -p faces/$c
		for i in 1 2 3 4; do picture faces/$c/$i.pgm 3 2 $((i * 10)); done
	done
}

@test "sn-pair: a folder is loaded as by sn-load" {
	faces
	sn-pair faces >1.sn
	sn-load faces | sn-pair >2.sn
	cmp 1.sn 2.sn
	sn-pair --size 2x2 --label 'faces/(.)' --all faces/ >1.sn
	sn-load --size 2x2 --label 'faces/(.)' faces/ | sn-pair --all >2.sn
	cmp 1.sn 2.sn
	printf 'faces/anna/1.pgm\nfaces/anna/2.pgm\nfaces/ben/1.pgm\n' >files
	run -0 sn-pair -t --all --files-from files
	[ "${#lines[@]}" = 3 ]
}

@test "sn-pair: a picture that cannot be decoded is named, the rest goes on, exit 1" {
	faces
	printf 'P5\n9 9\n255\nxx' >faces/ben/5.pgm
	run -1 --separate-stderr sn-pair -o out.sn faces
	[[ $stderr == *"faces/ben/5.pgm"* ]]
	run -0 sn-cat -t out.sn
	[[ ${lines[-1]} == '{"end":24,"failed":1,'* ]]
	run -0 --separate-stderr sn-pair --allow-failed -o out.sn faces
	run -1 --separate-stderr sn-pair --strict -o strict.sn faces
	[ ! -e strict.sn ]
}

@test "sn-pair: --references: pairs among them, then a trial for each claim" {
	items i.sn a a a a b b b c a* a* b*
	pairs --references 2 i.sn >all
	# a: 1 pair, 2 genuine, 2 forged, 2 others; b: 1 pair, 1 genuine, 1 forged, 2 others; c has too few
	[ "$(awk 'NF == 3' all | wc -l)" -eq 2 ]
	[ "$(awk 'NF == 4' all | wc -l)" -eq $((2 * (6 + 4))) ]
	[ "$(awk 'NF == 4 { print $4 }' all | uniq | wc -l)" -eq 10 ]
	[ "$(awk 'NF == 4 && $3 == "same"' all | wc -l)" -eq $((2 * 3)) ]
	# the references are compared, and nothing but them is referred to
	awk 'NF == 3 { ok[$1] = ok[$2] = 1 } NF == 4 { if (!ok[$2] || ok[$1] && $3 == "same") exit 1 }' all
	pairs --references 2 --impostors forged i.sn >forged
	[ "$(awk 'NF == 4 { print $4 }' forged | uniq | wc -l)" -eq 6 ]
	pairs --references 2 --impostors random i.sn >random
	[ "$(awk 'NF == 4 { print $4 }' random | uniq | wc -l)" -eq 7 ]
	pairs -s 2 --references 2 i.sn >other
	run -1 cmp -s all other
	pairs --references 1 i.sn >one
	[ "$(awk 'NF == 3' one | wc -l)" -eq 0 ]
}

@test "sn-pair: --references without anybody to verify" {
	items i.sn a a b b
	run -1 --separate-stderr sn-pair --references 2 i.sn
	[[ $stderr == *"nobody to verify"*"lower --references"* ]]
	run -2 --separate-stderr sn-pair --references 2 --all i.sn
	run -1 --separate-stderr sn-pair --references 1 --impostors forged i.sn
	[[ $stderr == *"forg"* ]]
}

@test "sn-pair: two pictures are their pair, of which nothing is known" {
	faces
	run -0 sn-pair -t faces/anna/1.pgm faces/anna/2.pgm
	[ "$output" = $'faces/anna/1.pgm\tfaces/anna/2.pgm\t-' ]
	run -0 sn-pair -t --label dir faces/anna/1.pgm faces/anna/2.pgm
	[[ $output == *$'\tsame' ]]
	run -0 sn-pair -t --label dir faces/anna/1.pgm faces/ben/2.pgm
	[[ $output == *$'\tdifferent' ]]
	run -2 --separate-stderr sn-pair faces/anna faces/ben
	[[ $stderr == *"is a folder"* ]]
	run -2 --separate-stderr sn-pair --all faces/anna/1.pgm faces/anna/2.pgm
	run -2 --separate-stderr sn-pair faces/anna/1.pgm
	[[ $stderr == *"is one picture: name two"* ]]
	run -2 --separate-stderr sn-pair a b c
	run -1 --separate-stderr sn-pair faces/anna/1.pgm faces/absent.pgm
	[ -z "$output" ]
}

@test "sn-pair: two pictures, one of which cannot be decoded" {
	picture a.pgm 2 2 1
	printf 'P5\n9 9\n255\nxx' >b.pgm
	run -1 --separate-stderr sn-pair -o out.sn a.pgm b.pgm
	[[ $stderr == *b.pgm* ]]
	[ ! -e out.sn ]
}

@test "sn-pair: an IDX file is loaded, too" {
	printf '\0\0\x08\x03\0\0\0\x04\0\0\0\x01\0\0\0\x01\x01\x02\x03\x04' >t-images-idx3-ubyte
	printf '\0\0\x08\x01\0\0\0\x04\x00\x01\x00\x01' >t-labels-idx1-ubyte
	run -0 sn-pair -t t-images-idx3-ubyte
	[ "$(printf '%s\n' "${lines[@]}" | grep -c same)" = 2 ]
}

@test "sn-pair: how pictures are loaded is an error with a stream, and not in its history" {
	faces
	sn-load faces >in.sn
	run -2 --separate-stderr sn-pair --grey in.sn
	[[ $stderr == *"--grey goes with folders"* && -z $output ]]
	run -0 bash -c 'unset SN_NO_HISTORY; sn-pair --trials 2 --way 3 in.sn | sn-cat -t | head -1'
	[[ $output == *'{"cmd":"sn-pair","version":"'*'","options":{"impostors":"default","seed":1,"shot":1,"trials":2,"way":3,"within":0}}'* ]]
	printf 'faces/anna/1.pgm faces/anna/2.pgm same\n' >list
	run -0 bash -c 'unset SN_NO_HISTORY; sn-pair --list list in.sn | sn-cat -t | head -1'
	[[ $output == *'"inputs":{"list":'* ]]
}

# ---- what every filter promises ---------------------------------------------------------

@test "sn-pair: other kinds are refused" {
	items in.sn a a b b
	sn-pair in.sn >pairs.sn
	run -1 --separate-stderr sn-pair pairs.sn
	[[ $stderr == *"this is pairs, wanted items"* ]]
}

@test "sn-pair: a stream cut anywhere is damage" {
	items in.sn a a b b
	local size n
	size=$(stat -c %s in.sn)
	for ((n = 1; n < size; n += 7)); do
		head -c $n in.sn >cut.sn
		run -1 --separate-stderr sn-pair -o out.sn cut.sn
		[[ $stderr == "sn-pair: "* ]]
		[ ! -e out.sn ]
	done
	run -1 bash -o pipefail -c 'head -c 60 in.sn | sn-pair -o out.sn'
}

@test "sn-pair: every broken stream is refused" {
	for f in "$BROKEN"/*.sn; do
		[[ $f != */good.sn ]] || continue
		run -1 --separate-stderr sn-pair --all "$f" -o out.sn
		[[ $stderr == "sn-pair: "* ]]
	done
}

@test "sn-pair: NaN in embeddings is refused" {
	embeddings in.sn a '[1,2]' b '[3,4]'
	# 00 00 c0 7f is NaN; it takes the place of 3
	/usr/bin/python3 - <<-'PYTHON' || skip "python3 is absent"
		import struct
		d = open('in.sn', 'rb').read()
		open('nan.sn', 'wb').write(d.replace(struct.pack('<f', 3), struct.pack('<f', float('nan')))[:-9] + b'\xc0')
	PYTHON
	run -1 --separate-stderr sn-pair --all nan.sn -o out.sn
	[[ $stderr == *[Nn]a[Nn]* ]]
}

@test "sn-pair: empty input" {
	run -1 --separate-stderr sn-pair </dev/null
	[[ $stderr == *"empty input"* ]]
	run -0 --separate-stderr sn-pair --allow-empty </dev/null
	[ -z "$output" ]
	items in.sn
	run -1 --separate-stderr sn-pair in.sn
	run -0 bash -o pipefail -c 'sn-pair --allow-empty in.sn | sn-cat -t'
	[[ ${lines[1]} == '{"end":0,'* ]]
	mkdir empty
	run -1 --separate-stderr sn-pair empty
}

@test "sn-pair: a full disk is not success" {
	items in.sn a a b b
	run -1 --separate-stderr bash -c 'sn-pair in.sn >/dev/full'
	[[ $stderr == *"no space left"* ]]
	run -1 sn-pair -o /dev/full in.sn
}

@test "sn-pair: bad options are one line and exit 2" {
	items in.sn a a b b
	for options in "-n 0" "-n x" "-n" "--balance 0.5" "-n 3 --balance 1.5" "-n 3 --all" "--impostors some" \
		"--all --trials 3" "--shot 2" "--within 1" "--list x --impostors both" "--window 0" "--frobnicate"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-pair in.sn $options
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" = 1 ]
		[[ $stderr == "sn-pair: "* ]]
	done
}

@test "sn-pair: -h and -V" {
	run -0 --separate-stderr sn-pair -h
	[[ $output == "usage: sn-pair"* && -z $stderr ]]
	run -0 sn-pair -V
}

@test "sn-pair: it stops quietly when nobody listens, and reads on behind --head" {
	classes in.sn 10 20
	run -0 bash -o pipefail -c 'sn-pair --all in.sn | sn-cat --head 3 | sn-cat -t | tail -1'
	[[ $output == '{"end":3,'* ]]
}

# ---- real pictures ----------------------------------------------------------------------

@test "sn-pair: Omniglot's alphabets, 20-way within" {
	need_data omniglot.tar.xz
	sn-load --size 8x8 data/omniglot/images_background >in.sn 2>err.txt
	[ -s in.sn ]
	pairs --trials 400 --way 20 --within 1 in.sn >out
	[ "$(wc -l <out)" = 8000 ]
	[ "$(count same out)" = 400 ]
	unique out
	sn-pair -t --trials 400 --way 20 --within 1 in.sn >text
	[ "$(wc -l <text)" = 8000 ]
	# the folder before the character is the alphabet
	awk -F'\t' '{ n = split($1, a, "/"); m = split($2, b, "/"); if (a[n - 2] != b[m - 2]) exit 1 }' text
}

@test "sn-pair: CEDAR's signatures with forgeries" {
	need_data cedar-ink.tar.xz
	local forged='forgeries?_([0-9]+)_'
	sn-load --label 'original_([0-9]+)_' --forged "$forged" data/cedar-ink >in.sn 2>err.txt
	pairs in.sn >out
	unique out
	[ "$(count same out)" = "$(count different out)" ]
	sn-pair -t in.sn | awk -F'\t' '$3 == "same" && ($1 ~ /forg/ || $2 ~ /forg/)' >bad
	[ ! -s bad ]
	sn-pair -t in.sn | awk -F'\t' '$3 == "different" && $1 ~ /forg/ && $2 ~ /forg/' >bad
	[ ! -s bad ]
	[ "$(sn-pair -t in.sn | awk -F'\t' '$3 == "different" && ($1 ~ /forg/ || $2 ~ /forg/)' | wc -l)" = $(($(count different out) / 2)) ]
}
