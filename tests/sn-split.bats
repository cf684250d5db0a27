#!/usr/bin/env bats
# sn-split - every item in one of two files, whole and with its number.
load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# section FILE FIRST "LABEL|-"...: a section of items whose numbers begin at FIRST
section() {
	local file=$1 n=$2 label count=$(($# - 2))
	shift 2
	{
		echo '{"sn":1,"kind":"items"}'
		for label in "$@"; do
			label=\"$label\"
			[ "$label" != '"-"' ] || label=null
			echo "{\"item\":$n,\"key\":\"f/$n.png\",\"label\":$label,\"x\":{\"type\":\"|u1\",\"shape\":[1,1,1],\"data\":[$n]}}"
			n=$((n + 1))
		done
		echo "{\"end\":$count}"
	} | json_stream "$file"
}

# twenty items of five classes
twenty() {
	section "$1" 0 a b c d e a b c d e a b c d e a b c d e
}

# numbers FILE, labels FILE: of its items
numbers() {
	sn-cat -t "$1" | sed -nE 's/^\{"item":([0-9]+),.*/\1/p'
}
labels() {
	sn-cat -t "$1" | sed -nE 's/.*"label":("[^"]*"|null),.*/\1/p' | sort | uniq -c | awk '{ printf "%s%s ", $1, $2 }'
}

# whole IN FIRST SECOND: each item of IN once in one of them, with the same bytes
whole() {
	sn-cat -t "$1" | grep '^{"item' | sort >want.txt
	{ sn-cat -t "$2"; sn-cat -t "$3"; } | grep '^{"item' | sort >have.txt
	cmp want.txt have.txt
}

@test "sn-split: a fifth of the classes" {
	twenty in.sn
	sn-split -o 1.sn -O 2.sn in.sn
	whole in.sn 1.sn 2.sn
	[ "$(numbers 1.sn | wc -l)" = 16 ]
	[ "$(numbers 2.sn | awk '{ print $1 % 5 }' | uniq | wc -l)" = 1 ]
	# their numbers rise and have gaps, and both are streams of items
	run -0 sn-cat -t 2.sn
	[[ ${lines[0]} == '{"sn":1,"kind":"items"'* && ${lines[-1]} == '{"end":4,'* ]]
	numbers 1.sn | sort -nc
}

@test "sn-split: shares of classes and of items" {
	twenty in.sn
	sn-split --share 0.5 -o 1.sn -O 2.sn in.sn
	[ "$(numbers 2.sn | wc -l)" = 12 ] # 2.5 of 5 classes, rounded
	sn-split --share 0.01 -o 1.sn -O 2.sn in.sn
	[ "$(numbers 2.sn | wc -l)" = 4 ]
	sn-split --share 0.99 -o 1.sn -O 2.sn in.sn
	[ "$(numbers 2.sn | wc -l)" = 16 ]
	sn-split --by item --share 0.25 -o 1.sn -O 2.sn in.sn
	whole in.sn 1.sn 2.sn
	[ "$(labels 2.sn)" = '1"a" 1"b" 1"c" 1"d" 1"e" ' ]
	[ "$(labels 1.sn)" = '3"a" 3"b" 3"c" 3"d" 3"e" ' ]
}

@test "sn-split: the seed decides, and nothing else" {
	twenty in.sn
	sn-split -o 1.sn -O 2.sn in.sn
	sn-split -s 1 --first 3.sn --second 4.sn in.sn
	cmp 1.sn 3.sn
	cmp 2.sn 4.sn
	local differ=0
	for seed in 2 3 4 5 6; do
		sn-split -s $seed -o 3.sn -O 4.sn in.sn
		cmp -s 2.sn 4.sn || differ=1
	done
	[ $differ = 1 ]
	for seed in 2 3; do sn-split --by item -s $seed -o 1.sn -O $seed.sn in.sn; done
	run ! cmp -s 2.sn 3.sn
}

@test "sn-split: file, standard input, a pipe and - are the same" {
	twenty in.sn
	sn-split -o a1 -O a2 in.sn
	sn-split -o b1 -O b2 <in.sn
	sn-split -o c1 -O c2 - <in.sn
	# shellcheck disable=SC2002
	cat in.sn | sn-split -o d1 -O d2
	sn-split -o - -O e2 in.sn >e1
	sn-split -o f1 -O - in.sn >f2
	for x in b c d e f; do
		cmp a1 ${x}1
		cmp a2 ${x}2
	done
	sn-split -o g1 -O g2 <(cat in.sn)
	cmp a1 g1
}

@test "sn-split: nil labels are one class" {
	section in.sn 0 - - - a
	sn-split --share 0.5 -o 1.sn -O 2.sn in.sn
	whole in.sn 1.sn 2.sn
	local one two
	one=$(labels 1.sn) two=$(labels 2.sn)
	[ "$one$two" = '3null 1"a" ' ] || [ "$one$two" = '1"a" 3null ' ]
}

@test "sn-split: a class in several sections stays together" {
	section 1.in 0 a b c d e
	section 2.in 0 e d c b a
	cat 1.in 2.in 1.in >in.sn
	for seed in 1 2 3 4; do
		sn-split -s $seed --share 0.4 -o 1.sn -O 2.sn in.sn
		[ "$(sn-cat 1.sn | sn-cat -t | grep -c '^{"item')" = 9 ]
		# 2 classes, 3 times each
		[ "$(labels 2.sn | tr ' ' '\n' | grep -c '^3')" = 2 ]
		[ "$(labels 1.sn | tr ' ' '\n' | grep -c '^3')" = 3 ]
	done
	# as many sections as there were
	[ "$(grep -aoc 'kind' 2.sn)" = 1 ]
	[ "$(grep -ao 'kind' 2.sn | wc -l)" -ge 3 ]
}

@test "sn-split --list: keys and their endings, labels" {
	twenty in.sn
	printf 'f/3.png\r\n\n7.png\n' >list
	sn-split --by item --list list -o 1.sn -O 2.sn in.sn
	[ "$(numbers 2.sn | tr '\n' ' ')" = "3 7 " ]
	whole in.sn 1.sn 2.sn
	printf 'b\ne\n' | sn-split --list - -o 1.sn -O 2.sn in.sn
	[ "$(labels 2.sn)" = '4"b" 4"e" ' ]
	printf 'zz\n' >list
	run -1 --separate-stderr sn-split --list list -o 3.sn -O 4.sn in.sn
	[ "$stderr" = "sn-split: list:1: no item has the label 'zz'" ]
	run -1 --separate-stderr sn-split --by item --list list -o 3.sn -O 4.sn in.sn
	[ "$stderr" = "sn-split: list:1: no item has the key 'zz'" ]
	[ ! -e 3.sn ] && [ ! -e 4.sn ]
	run -2 --separate-stderr sn-split --list list --share 0.5 -o 3.sn -O 4.sn in.sn
	run -2 --separate-stderr sn-split --list - -o 3.sn -O 4.sn <in.sn
	run -1 --separate-stderr sn-split --list absent -o 3.sn -O 4.sn in.sn
}

@test "sn-split: a part that would be empty" {
	section in.sn 0 a a a
	run -1 --separate-stderr sn-split -o 1.sn -O 2.sn in.sn
	[[ $stderr == "sn-split: the second part would be empty: there is one class; split by item" ]]
	[ ! -e 1.sn ] && [ ! -e 2.sn ]
	section in.sn 0 a b c
	run -1 --separate-stderr sn-split --by item -o 1.sn -O 2.sn in.sn
	[[ $stderr == *"split by class" ]]
}

@test "sn-split: what failed is told once, other records go to both parts" {
	{
		echo '{"sn":1,"kind":"items","mine":7}'
		echo '{"item":0,"key":"a","label":"a","x":{"type":"|u1","shape":[1,1,1],"data":[1]},"zoom":2.5}'
		echo '{"note":"x"}'
		echo '{"item":1,"key":"b","label":"b","x":{"type":"|u1","shape":[1,1,1],"data":[1]},"zoom":2.5}'
		echo '{"end":3,"failed":2}'
	} | json_stream in.sn
	sn-split -o 1.sn -O 2.sn in.sn
	run -0 sn-cat -t 1.sn
	[[ $output == *'"mine":7'*'"zoom":2.5'*'"failed":2'* && $output == *'{"note":"x"}'* ]]
	run -0 sn-cat -t 2.sn
	[[ $output == *'"mine":7'*'"zoom":2.5'* && $output == *'{"note":"x"}'* && $output != *failed* ]]
}

@test "sn-split: both files or neither" {
	mkdir here
	cd here || return
	twenty in.sn
	run -1 --separate-stderr sn-split -o 1.sn -O /dev/full in.sn
	[[ $stderr == *"no space left"* ]]
	[ ! -e 1.sn ]
	run -1 --separate-stderr sn-split -o /dev/full -O 2.sn in.sn
	[ ! -e 2.sn ]
	run -1 --separate-stderr sn-split -o 1.sn -O absent/2.sn in.sn
	[[ $stderr == *absent* ]]
	[ "$(echo ./*)" = ./in.sn ] # no temporary file either
	echo old >1.sn
	head -c 200 in.sn >cut.sn
	run -1 --separate-stderr sn-split -o 1.sn -O 2.sn cut.sn
	[ "$(cat 1.sn)" = old ]
	[ "$(echo ./*)" = "./1.sn ./cut.sn ./in.sn" ]
	# one of the parts may take the place of what was split
	sn-split -o 1.sn -O in.sn in.sn
	[ "$(numbers in.sn | wc -l)" = 4 ]
}

@test "sn-split: a stream cut anywhere is damage" {
	section in.sn 0 a b a b
	local size n
	size=$(stat -c %s in.sn)
	for ((n = 1; n < size; n += 7)); do
		head -c $n in.sn >cut.sn
		run -1 --separate-stderr sn-split -o 1.sn -O 2.sn cut.sn
		[[ $stderr == "sn-split: "* ]]
		run -1 bash -o pipefail -c 'cat cut.sn | sn-split -o 1.sn -O 2.sn'
		[ ! -e 1.sn ] && [ ! -e 2.sn ]
	done
}

@test "sn-split: every broken stream is refused" {
	for f in "$BROKEN"/*.sn; do
		[[ $f != */good.sn ]] || continue
		run -1 --separate-stderr sn-split -o 1.sn -O 2.sn "$f"
		[[ $stderr == "sn-split: "* ]]
		[ ! -e 1.sn ] && [ ! -e 2.sn ]
	done
}

@test "sn-split: other kinds, NaN, empty input" {
	section in.sn 0 a b a b
	sn-pair in.sn >pairs.sn
	run -1 --separate-stderr sn-split -o 1.sn -O 2.sn pairs.sn
	[[ $stderr == *"this is pairs, wanted items"* ]]
	run -1 --separate-stderr sn-split -o 1.sn -O 2.sn </dev/null
	[[ $stderr == *"empty input"* ]]
	[ ! -e 1.sn ]
	run -0 --separate-stderr sn-split --allow-empty -o 1.sn -O 2.sn </dev/null
	[ -e 1.sn ] && [ ! -s 1.sn ]
	embeddings in.sn a '[1,2]' b '[3,4]'
	sn-split -o 1.sn -O 2.sn in.sn
	whole in.sn 1.sn 2.sn
	/usr/bin/python3 - <<-'PYTHON' || skip "python3 is absent"
		import struct
		d = open('in.sn', 'rb').read()
		open('nan.sn', 'wb').write(d.replace(struct.pack('<f', 3), struct.pack('<f', float('nan')))[:-9] + b'\xc0')
	PYTHON
	run -1 --separate-stderr sn-split -o 1.sn -O 2.sn nan.sn
	[[ $stderr == *[Nn]a[Nn]* ]]
}

@test "sn-split: bad options are one line and exit 2" {
	twenty in.sn
	for options in "" "-o 1.sn" "-O 2.sn" "-o 1.sn -O 1.sn" "-o - -O -" "-o 1.sn -O 2.sn --share 0" \
		"-o 1.sn -O 2.sn --share 1" "-o 1.sn -O 2.sn --share x" "-o 1.sn -O 2.sn --by label" "-o 1.sn -O 2.sn -x" \
		"-o 1.sn -O 2.sn other.sn"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-split in.sn $options
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" = 1 ]
		[[ $stderr == "sn-split: "* ]]
	done
	: >same
	ln same other
	run -2 --separate-stderr sn-split -o same -O other in.sn
	run -0 --separate-stderr sn-split -h
	[[ $output == "usage: sn-split"* && -z $stderr ]]
}

@test "sn-split: the history tells share and seed, or the list" {
	twenty in.sn
	run -0 bash -c 'unset SN_NO_HISTORY; sn-split -o 1.sn -O 2.sn in.sn; sn-cat -t 2.sn | head -1'
	[[ $output == *'"cmd":"sn-split"'*'"options":{"by":"class","seed":1,"share":0.2'* ]]
	echo a >list
	run -0 bash -c 'unset SN_NO_HISTORY; sn-split --list list -o 1.sn -O 2.sn in.sn; sn-cat -t 2.sn | head -1'
	[[ $output == *'"options":{"by":"class"},"inputs":{"list":'* ]]
}

@test "sn-split: real faces, a fifth of the people kept for testing" {
	need_data orl.tar.xz
	sn-load data/orl >in.sn 2>err.txt
	sn-split -o train.sn -O test.sn in.sn
	whole in.sn train.sn test.sn
	[ "$(labels in.sn | wc -w)" = 30 ]
	[ "$(labels test.sn | wc -w)" = 6 ]
	# shellcheck disable=SC2016
	run -0 bash -o pipefail -c 'sn-pair -t test.sn | cut -f3 | sort | uniq -c | awk "{ print \$1 }" | uniq | wc -l'
	[ "$output" = 1 ]
}
