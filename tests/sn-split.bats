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

# alphabets FILE: two alphabets of three characters, one of two and one of one, two items each
alphabets() {
	section "$1" 0 A/1 A/2 A/3 B/1 B/2 B/3 C/1 C/2 D/1 A/1 A/2 A/3 B/1 B/2 B/3 C/1 C/2 D/1
}

@test "sn-split --level: whole alphabets" {
	alphabets in.sn
	sn-split --level 1 --share 0.5 -o 1.sn -O 2.sn in.sn
	whole in.sn 1.sn 2.sn
	[ "$(sn-cat -t 2.sn | sed -nE 's/.*"label":"(.).*/\1/p' | sort -u | wc -l)" = 2 ]
	sn-split --check --level 1 1.sn 2.sn
	# all parts of the label: nothing else than without --level
	sn-split --level 9 -o 1.sn -O 2.sn in.sn
	sn-split -o 3.sn -O 4.sn in.sn
	cmp 2.sn 4.sn
	section one.sn 0 A/1 A/2
	run -1 --separate-stderr sn-split --level 1 -o 1.sn -O 2.sn one.sn
	[[ $stderr == *"the second part would be empty: all labels have the same first parts; raise --level" ]]
}

@test "sn-split --fold: each item in one fold" {
	local i by
	alphabets in.sn
	for by in "class" "class --level 1" item; do
		rm -f all.txt
		for i in 1 2 3; do
			# shellcheck disable=SC2086
			sn-split --by $by --fold $i/3 -s 4 -o 1.sn -O 2.sn in.sn
			whole in.sn 1.sn 2.sn
			sn-cat -t 2.sn | grep '^{"item' >>all.txt
			# shellcheck disable=SC2086
			sn-split --check --by $by 1.sn 2.sn
			[ "$(numbers 2.sn | wc -l)" -ge 2 ]
		done
		sn-cat -t in.sn | grep '^{"item' | sort >want.txt
		sort all.txt | cmp - want.txt
	done
	# items: every fold has six of the eighteen, and of a class one at most
	for i in 1 2 3; do
		sn-split --by item --fold $i/3 -o 1.sn -O 2.sn in.sn
		[ "$(numbers 2.sn | wc -l)" = 6 ]
		[ "$(labels 2.sn | tr ' ' '\n' | grep -c '^1')" = 6 ]
	done
	run -1 --separate-stderr sn-split --fold 1/10 -o 1.sn -O 2.sn in.sn
	[[ $stderr == *"too few classes for 10 folds: there are 9" ]]
	run -1 --separate-stderr sn-split --level 1 --fold 1/5 -o 1.sn -O 2.sn in.sn
	[[ $stderr == *"there are 4 at this level" ]]
}

@test "sn-split --write-list: what --list reads back, and checks" {
	alphabets in.sn
	sn-split --level 1 --share 0.5 -o 1.sn -O 2.sn --write-list list in.sn
	[[ $(head -n 1 list) == "# sn-split 1 by class, level 1, items 18, xxh3 "* ]]
	[ "$(wc -l <list)" = 3 ]
	tail -n +2 list | sort -c
	# by and level are the list's; what it was made of is the same
	run -0 --separate-stderr sn-split --list list -o 3.sn -O 4.sn in.sn
	[ -z "$stderr" ]
	cmp 2.sn 4.sn
	# a list alone, of labels and of keys
	sn-split --fold 2/3 --write-list labels.txt in.sn
	[ "$(wc -l <labels.txt)" = 4 ]
	sn-split --fold 2/3 -o 1.sn -O 2.sn in.sn
	sn-split --list labels.txt -o 3.sn -O 4.sn in.sn
	cmp 2.sn 4.sn
	sn-split --by item --write-list - in.sn >keys.txt
	[[ $(head -n 1 keys.txt) == "# sn-split 1 by item, level 0, items 18, xxh3 "* ]]
	[ "$(wc -l <keys.txt)" = 10 ]
	sn-split --by item -o 1.sn -O 2.sn in.sn
	sn-split --list keys.txt -o 3.sn -O 4.sn in.sn
	cmp 2.sn 4.sn
	# x does not count, keys and labels do
	section more.sn 0 A/1 A/2 B/1 B/2 C/1 C/2 D/1 D/2
	run -0 --separate-stderr sn-split --list list -o 3.sn -O 4.sn more.sn
	[[ $stderr == "sn-split: 'list' was made of other items (18 then, 8 now): what it names is looked up all the same" ]]
	section few.sn 0 E/1 F/1
	run -1 --separate-stderr sn-split -q --list list -o 5.sn -O 6.sn few.sn
	[[ $stderr == *"list:2: no item has the label '"?"'" && ! -e 5.sn ]]
	run -1 --separate-stderr sn-split --by item --list list -o 5.sn -O 6.sn in.sn
	[[ $stderr == *"list: was made by class, level 1: leave out --by and --level" ]]
	sed '1s/level/lvl/' list >other
	run -1 --separate-stderr sn-split --list other -o 5.sn -O 6.sn in.sn
	[[ $stderr == *"other:1: not as sn-split writes it"* ]]
}

@test "sn-split --write-list: what no list can name, and what cannot be written" {
	section in.sn 0 a - b -
	run -1 --separate-stderr sn-split --share 0.7 -o 1.sn -O 2.sn --write-list list in.sn
	[[ $stderr == *"items without a label are in the second part"* && ! -e list && ! -e 2.sn && ! -e 1.sn ]]
	printf '%s\n' '{"sn":1,"kind":"items"}' '{"item":0,"key":"k","label":"a","x":{"type":"|u1","shape":[1,1,1],"data":[1]}}' \
		'{"item":1,"key":"k","label":"a","x":{"type":"|u1","shape":[1,1,1],"data":[1]}}' \
		'{"item":2,"key":"k","label":"a","x":{"type":"|u1","shape":[1,1,1],"data":[1]}}' '{"end":3}' | json_stream keys.sn
	run -1 --separate-stderr sn-split --by item --share 0.6 --write-list list keys.sn
	[[ $stderr == *"two items have the key 'k': no list can name one" && ! -e list ]]
	run -1 --separate-stderr sn-split --by item -o 1.sn -O 2.sn --write-list absent/list in.sn
	[[ $stderr == *"absent/list"* && ! -e 1.sn && ! -e 2.sn ]]
	section good.sn 0 a b
	run -1 --separate-stderr sn-split --write-list /dev/full -o 1.sn -O 2.sn good.sn
	[[ $stderr == "sn-split: "*"/dev/full"* && ! -e 1.sn && ! -e 2.sn ]]
}

@test "sn-split --check: what two files have in common" {
	section a.sn 0 A/1 A/2 B/1
	section b.sn 3 B/2 C/1 -
	section c.sn 2 B/1 B/1 A/2 -
	run -0 --separate-stderr sn-split --check a.sn b.sn
	[ -z "$output$stderr" ]
	run -1 --separate-stderr sn-split --check --level 1 a.sn b.sn
	[ "$output" = B ]
	[ "$stderr" = "sn-split: 1 group of labels is in both" ]
	run -1 --separate-stderr sn-split --check a.sn c.sn
	[ "$output" = $'A/2\nB/1' ]
	[ "$stderr" = "sn-split: 2 labels are in both" ]
	run -1 --separate-stderr sn-split -q --check b.sn - <c.sn
	[[ -z $output && $stderr == "sn-split: both have items without a label" ]]
	run -0 --separate-stderr sn-split --check --by item a.sn b.sn
	run -1 --separate-stderr sn-split --check --by item a.sn c.sn
	[ "$output" = f/2.png ]
	# trouble is 2
	run -2 --separate-stderr sn-split --check a.sn
	run -2 --separate-stderr sn-split --check a.sn absent.sn
	run -2 --separate-stderr sn-split --check - - <a.sn
	run -2 --separate-stderr sn-split --check --share 0.2 a.sn b.sn
	[[ $stderr == *"--check splits nothing: --share"* ]]
	run -2 --separate-stderr sn-split --check a.sn "$BROKEN/truncated.sn"
	section none.sn 0
	run -2 --separate-stderr sn-split --check a.sn none.sn
	[[ $stderr == *"none.sn: has no items" ]]
	run -2 bash -c 'sn-split --check a.sn c.sn >/dev/full'
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
		"-o 1.sn -O 2.sn other.sn" "--write-list l -o 1.sn" "-o 1.sn -O 2.sn --write-list 1.sn" "--write-list l --fold 3" \
		"--write-list l --fold 0/3" "--write-list l --fold 4/3" "--write-list l --fold 1/1" "--write-list l --fold 1/2x" \
		"--write-list l --fold -1/2" "--write-list l --fold 1/2 --share 0.5" "--write-list l --level 1 --by item"; do
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
