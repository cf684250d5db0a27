load helper

# pictures FILE [KIND [FROM]]: 12 pictures of 9x7 in 3 classes, one without a label, one missing; two pairs where KIND is pairs
pictures() {
	awk -v kind="${2:-items}" -v from="${3:-0}" 'BEGIN {
		printf "{\"sn\":1,\"kind\":\"%s\",\"later\":5}\n", kind
		split("a b/c d", label, " ")
		for (i = 0; i < 12; i++) {
			printf "{\"item\":%d,\"key\":\"k%d\",\"label\":%s,%s", from + 2 * i, i, i == 5 ? "null" : "\"" label[i % 3 + 1] "\"", i == 4 ? "\"forged\":true," : ""
			if (i == 7) {
				print "\"note\":\"gone\"}"
				continue
			}
			printf "\"note\":[%d,{\"a\":nil}],\"x\":{\"type\":\"|u1\",\"shape\":[7,9,1],\"data\":[", i
			s = i * 7919 + 13
			for (j = 0; j < 63; j++) {
				s = (s * 16807) % 2147483647
				printf j ? ",%d" : "%d", s % 256
			}
			printf "]},\"file\":{\"bytes\":%d,\"type\":\"png\",\"w\":9,\"h\":7}}\n", i
		}
		if (kind == "pairs")
			print "{\"pair\":[0,2],\"same\":false}\n{\"pair\":[0,6],\"same\":true}"
		print "{\"other\":1}"
		printf "{\"end\":%d,\"failed\":3}\n", kind == "pairs" ? 15 : 13
	}' | sed 's/nil/null/g' | json_stream "$1"
}

# x FILE: the pixels, a line each
x() {
	sn-cat -t "$1" | sed -n 's/.*"data":\[\([0-9,]*\)\].*/\1/p'
}

all='affine:rotate=20,scale=0.8..1.2,shear=0.3,shift=2 elastic crop flip noise blur brightness contrast erase'

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	pictures in.sn
}

# nine SPEC: what becomes of 1 2 3 / 4 5 6 / 7 8 9
nine() {
	{
		echo '{"sn":1,"kind":"items"}'
		echo '{"item":0,"key":"a","label":"l","x":{"type":"|u1","shape":[3,3,1],"data":[1,2,3,4,5,6,7,8,9]}}'
		echo '{"end":1}'
	} | json_stream nine.sn
	x <(sn-augment -a "$1" nine.sn)
}

@test "sn-augment: by hand" {
	[ "$(nine 'affine:rotate=90..90')" = 3,6,9,2,5,8,1,4,7 ]
	[ "$(nine 'affine:rotate=180..180')" = 9,8,7,6,5,4,3,2,1 ]
	[ "$(nine 'affine:rotate=-90..-90')" = 7,4,1,8,5,2,9,6,3 ]
	[ "$(nine 'affine:shift-x=1..1')" = 1,1,2,4,4,5,7,7,8 ]
	[ "$(nine 'affine:shift-y=1..1,fill=0')" = 0,0,0,1,2,3,4,5,6 ]
	[ "$(nine 'affine:shift=-1..-1,fill=200')" = 5,6,200,8,9,200,200,200,200 ]
	[ "$(nine 'affine:scale=0.5,fill=0')" = 0,0,0,0,5,0,0,0,0 ]
	[ "$(nine 'flip:p=1')" = 3,2,1,6,5,4,9,8,7 ]
	[ "$(nine 'flip:axis=y,p=1')" = 7,8,9,4,5,6,1,2,3 ]
	[ "$(nine 'brightness:by=250..250')" = 251,252,253,254,255,255,255,255,255 ]
	[ "$(nine 'contrast:by=2')" = 0,0,1,3,5,7,9,11,13 ]
	[ "$(nine 'erase:share=1,aspect=1,fill=7,p=1')" = 7,7,7,7,7,7,7,7,7 ]
	[ "$(nine 'flip:p=1 affine:rotate=90..90')" = 1,4,7,2,5,8,3,6,9 ]
}

@test "sn-augment: what changes nothing gives the same bytes" {
	for spec in 'affine:rotate=0' 'affine:p=0' 'noise:sd=0' 'crop:share=1' 'elastic:p=0 noise:p=0' 'flip:p=1 flip:p=1'; do
		sn-augment -a "$spec" in.sn | cmp - in.sn
	done
	pictures pairs.sn pairs
	sn-augment -a 'erase:share=0' pairs.sn | cmp - pairs.sn
	cat in.sn in.sn | sn-augment -a 'blur:sigma=0' | cmp - <(cat in.sn in.sn)
}

@test "sn-augment: all but x stays" {
	sn-augment -a "$all" in.sn -o out.sn
	strip() { sn-cat -t "$1" | sed 's/"data":\[[0-9,]*\]//;s/,"xxh3":[0-9]*//'; }
	diff <(strip in.sn) <(strip out.sn)
	[ "$(x in.sn)" != "$(x out.sn)" ]
	[ "$(x out.sn | tr ',' '\n' | wc -l)" -eq $((11 * 63)) ]
	# pairs, too
	pictures pairs.sn pairs
	sn-augment -a "$all" pairs.sn -o pairs_out.sn
	diff <(strip pairs.sn) <(strip pairs_out.sn)
	[ "$(x pairs_out.sn)" = "$(x out.sn)" ]
}

@test "sn-augment: file, standard input and - are the same; so are all numbers of threads" {
	sn-augment -a "$all" -n 50 -k in.sn -o a.sn -j 1
	for j in 2 3 7; do
		sn-augment -a "$all" -n 50 -k -j $j <in.sn | cmp - a.sn
	done
	sn-augment -a "$all" -n 50 -k - <in.sn | cmp - a.sn
	{
		head -c 500 in.sn
		sleep 0.1
		tail -c +501 in.sn
	} | sn-augment -a "$all" -n 50 -k | cmp - a.sn
}

@test "sn-augment: the seed and the number make the picture, nothing else" {
	sn-augment -a "$all" in.sn -o a.sn
	sn-augment -a "$all" -s 1 in.sn | cmp - a.sn
	sn-augment -a "$all" -s 2 in.sn -o b.sn
	[ "$(x a.sn | sort | uniq | wc -l)" -eq 11 ]
	[ -z "$(comm -12 <(x a.sn | sort) <(x b.sn | sort))" ]
	# without the first five, the others are the same
	{
		sn-cat -t in.sn | head -n 1
		sn-cat -t in.sn | sed -n '7,13p'
		echo '{"end":7}'
	} | json_stream some.sn
	sn-augment -a "$all" some.sn -o some_out.sn
	diff <(x some_out.sn) <(x a.sn | tail -n 6)
	# other numbers, other pictures
	pictures other.sn items 100
	[ -z "$(comm -12 <(sn-augment -a noise other.sn | x - | sort) <(sn-augment -a noise in.sn | x - | sort))" ]
}

@test "sn-augment: copies" {
	sn-augment -a "$all" in.sn -o one.sn
	sn-augment -a "$all" -n 3 -k in.sn -o four.sn
	sn-cat -t four.sn >four.json
	[ "$(sed -nE 's/^\{"item":([0-9]+),.*/\1/p' four.json | head -n 9 | tr '\n' ' ')" = "0 1 2 3 8 9 10 11 16 " ]
	[ "$(grep -c '"key":"k3","label":"a"' four.json)" -eq 4 ]
	# the missing picture is missing once
	[ "$(grep -c '"key":"k7"' four.json)" -eq 1 ]
	grep -q '^{"item":56,"key":"k7","label":"b/c","note":"gone"}$' four.json
	tail -n 1 four.json | grep -q '^{"end":46,"failed":3,'
	x four.sn >four.txt
	diff <(x in.sn) <(sed -n '1~4p' four.txt)
	diff <(x one.sn) <(sed -n '2~4p' four.txt)
	[ "$(sort -u four.txt | wc -l)" -eq 44 ]
	# fewer copies are the first ones
	sn-augment -a "$all" -n 2 in.sn -o two.sn
	diff <(x two.sn) <(sed -n '2~4p;3~4p' four.txt)
	# as many as do not fit one window
	sn-augment -a noise -n 1000 in.sn | sn-cat -t | tail -n 1 | grep -q '{"end":11002,'
}

@test "sn-augment: turned classes" {
	nine 'affine:p=0'
	sn-augment --rotate-classes=8 nine.sn | sn-cat -t | grep -v '^{"[se]' >turned.json
	[ "$(sed -E 's/.*"label":"([^"]*)".*/\1/' turned.json | tr '\n' ' ')" = "l l/r90 l/r180 l/r270 l/m0 l/m90 l/m180 l/m270 " ]
	[ "$(sed -E 's/.*"data":\[([^]]*)\].*/\1/' turned.json | tr '\n' ' ')" = "1,2,3,4,5,6,7,8,9 3,6,9,2,5,8,1,4,7 9,8,7,6,5,4,3,2,1 7,4,1,8,5,2,9,6,3 3,2,1,6,5,4,9,8,7 1,4,7,2,5,8,3,6,9 7,8,9,4,5,6,1,2,3 9,6,3,8,5,2,7,4,1 " ]
	sn-augment --rotate-classes in.sn -o out.sn
	sn-cat -t out.sn >out.json
	# four of each but those without label or picture; lying ones stand
	tail -n 1 out.json | grep -q '{"end":43,"failed":3,'
	grep -q '"item":25,"key":"k3","label":"a/r90","note":\[3,{"a":null}\],"x":{"type":"|u1","shape":\[9,7,1\]' out.json
	[ "$(grep -c '"key":"k5"' out.json)" -eq 1 ]
	[ "$(grep -c '"label":"b/c/r270","forged":true' out.json)" -eq 1 ]
	# turned first, then changed: the same as one after the other
	sn-augment --rotate-classes -a "$all" in.sn -o a.sn
	sn-augment -a "$all" out.sn | cmp - a.sn
	# with copies of each
	sn-augment --rotate-classes -a "$all" -n 2 -k in.sn -o b.sn
	diff <(x b.sn | sed -n '1~3p') <(x out.sn)
	diff <(x b.sn | sed -n '2~3p') <(x a.sn)
}

@test "sn-augment: a label after x, colours" {
	{
		echo '{"sn":1,"kind":"items"}'
		echo '{"item":7,"key":"a","x":{"type":"|u1","shape":[1,2,3],"data":[1,2,3,4,5,6]},"label":"l","z":"more"}'
		echo '{"end":1}'
	} | json_stream odd.sn
	sn-augment --rotate-classes odd.sn -o out.sn
	run -0 sn-cat -t out.sn
	[ "${lines[2]}" = '{"item":29,"key":"a","x":{"type":"|u1","shape":[2,1,3],"data":[4,5,6,1,2,3]},"label":"l/r90","z":"more"}' ]
	sn-augment -a 'flip:p=1' -n 200 odd.sn | sn-cat -t | sed -n 201p | grep -q '^{"item":1599,.*"data":\[4,5,6,1,2,3\]},"label":"l","z":"more"}'
}

@test "sn-augment: history has the specification in full" {
	unset SN_NO_HISTORY
	sn-augment -a 'noise flip' in.sn | sn-cat -t | head -n 1 |
		grep -qF '"cmd":"sn-augment","version":"0.1.0","options":{"augment":"noise:sd=8..8,p=1 flip:axis=x,p=0.5","copies":1,"keep":false,"seed":1}'
	sn-augment --rotate-classes in.sn | sn-cat -t | head -n 1 | grep -qF '"rotate-classes":4'
}

@test "sn-augment: embeddings and other kinds are refused" {
	embeddings e.sn a '[0,1]'
	run -1 --separate-stderr sn-augment -a noise e.sn -o out.sn
	# shellcheck disable=SC2154 # run sets stderr
	[[ $stderr == "sn-augment: e.sn: record 1"*"x is an embedding"*"put sn-augment before sn-embed" ]]
	[ ! -e out.sn ]
	sn-init lenet -o w.bin
	run -1 --separate-stderr sn-augment -a noise w.bin
	[[ $stderr == *"this is model, wanted items or pairs"* ]]
	pictures pairs.sn pairs
	sn-embed -m w.bin in.sn | sn-augment -a noise >out.sn 2>err || true
	grep -q 'these are embeddings' err
	for option in '-n 2' -k --rotate-classes; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr sn-augment -a noise $option pairs.sn
		[[ $stderr == *"pairs already"*"before sn-pair" ]]
	done
	{
		echo '{"sn":1,"kind":"items"}'
		echo '{"item":0,"key":"a","label":null,"x":{"type":"|u1","shape":[2,2,2],"data":[0,1,2,3,4,5,6,7]}}'
		echo '{"end":1}'
	} | json_stream two.sn
	run -1 --separate-stderr sn-augment -a noise two.sn
	[[ $stderr == *"[2][2][2]"*"wanted a picture: |u1 [h][w][1 or 3]"* ]]
	{
		echo '{"sn":1,"kind":"items"}'
		echo '{"item":9223372036854775808,"key":"a","label":null}'
		echo '{"end":1}'
	} | json_stream large.sn
	run -1 --separate-stderr sn-augment -a noise -n 2 large.sn
	[[ $stderr == *"number 9223372036854775808 is too large"* ]]
	sn-augment -a noise large.sn | cmp - large.sn
}

@test "sn-augment: damaged input" {
	size=$(stat -c %s in.sn)
	for n in 1 10 100 $((size / 2)) $((size - 1)); do
		head -c "$n" in.sn >cut.sn
		run -1 --separate-stderr sn-augment -a "$all" cut.sn -o out.sn
		[[ $stderr == "sn-augment: cut.sn: "* ]]
		[ ! -e out.sn ]
	done
	while IFS=$'\t' read -r f words; do
		run -1 --separate-stderr sn-augment -a noise "$BROKEN/$f" -o out.sn
		[[ $stderr == "sn-augment: $BROKEN/$f: "*"$words"* || $stderr == *"wanted items or pairs"* ]] ||
			{ echo "$f: $stderr"; false; }
		[ ! -e out.sn ]
	done < <(diseases)
}

@test "sn-augment: empty input" {
	run -1 --separate-stderr sn-augment -a noise /dev/null
	[[ $stderr == "sn-augment: "*empty* ]]
	[ -z "$output" ]
	run -0 sn-augment --allow-empty -a noise /dev/null
	[ -z "$output" ]
	printf '{"sn":1,"kind":"items"}\n{"end":0}\n' | json_stream none.sn
	sn-augment -a noise none.sn | cmp - none.sn
}

@test "sn-augment: mistakes leave standard output empty and name the word" {
	refused() { # refused MESSAGE ARGUMENT...
		run -2 --separate-stderr sn-augment "${@:2}" in.sn
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
		[[ $stderr == "sn-augment: "*"$1"* ]] || { echo "$stderr"; return 1; }
	}
	refused 'what shall be done? -a SPEC'
	refused 'nothing is said to be done' -a ''
	refused "'turn:p=1': 'turn' is not affine, elastic, crop" -a 'noise turn:p=1'
	refused "affine has no 'rotat', but rotate" -a 'affine:rotat=3'
	refused "'rotate' lacks a value" -a 'affine:rotate'
	refused "rotate 'x', wanted N for -N..N with N from 0 to 360, or A..B" -a 'affine:rotate=x'
	refused "shift '5%..3'" -a 'affine:shift=5%..3'
	refused "p '2', wanted a number from 0 to 1" -a 'elastic:p=2'
	refused "'p' is said twice" -a 'crop:p=1,p=1'
	refused "-n and --keep are about changed pictures" --rotate-classes -n 2
	refused "-n and --keep are about changed pictures" --rotate-classes -k
	refused "'3' is not 4 or 8" --rotate-classes=3
	refused copies -a noise -n 0
	run -2 --separate-stderr sn-augment -a noise in.sn in.sn
	[ -z "$output" ]
	run -0 sn-augment -h
	[[ $output == "usage: sn-augment "* ]]
}

@test "sn-augment: a full disk is not success" {
	run -1 bash -c 'sn-augment -a noise in.sn >/dev/full'
	run -1 sn-augment -a noise in.sn -o /dev/full
}

@test "sn-augment: text" {
	run -0 sn-augment -a noise -n 2 -t in.sn
	[ "${lines[0]}" = $'0\tk0\ta\t-\t[7][9][1]' ]
	[ "${lines[1]}" = $'1\tk0\ta\t-\t[7][9][1]' ]
}
