load helper

# points FILE "LABEL" U V...: pictures of 2x1 whose embedding by plain.bin is [u/255, v/255]
points() {
	local file=$1 n=0
	shift
	{
		echo '{"sn":1,"kind":"items"}'
		while [ $# -gt 0 ]; do
			local label="\"$1\"" forged=
			[ "$1" != - ] || label=null
			[[ $1 != *! ]] || { label="\"${1%!}\""; forged=',"forged":true'; }
			echo "{\"item\":$n,\"key\":\"k$n\",\"label\":$label$forged,\"x\":{\"type\":\"|u1\",\"shape\":[1,2,1],\"data\":[$2,$3]}}"
			n=$((n + 1))
			shift 3
		done
		echo "{\"end\":$n}"
	} | json_stream "$file"
}

# numbers MODEL FILE: the embeddings' numbers, an item a line
numbers() { sn-embed -m "$1" "$2" | sn-cat -t | sed -nE 's/.*"item".*"data":(\[[^]]*\]).*/\1/p'; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'input 2x1x1\nflatten\n' >plain.net
	sn-init plain.net -o plain.bin
	# in the first number classes differ, in the second one items of a class, much more
	points p.sn a 100 0 a 104 200 a 96 100 b 120 10 b 124 210 b 116 110
}

@test "sn-whiten: what differs within classes counts less" {
	sn-embed -m plain.bin p.sn -o e.sn
	# the nearest to an item of its own class is farther than one of the other
	run -0 bash -c 'sn-pair --all e.sn | sn-dist | sn-eval -q'
	before=$(awk '$1 == "eer" { print $2 }' <<<"$output")
	run -0 --separate-stderr sn-whiten -v -m plain.bin -o w.bin e.sn
	[ "$stderr" = "sn-whiten: 6 embeddings; 0 without picture or label, or forged" ]
	run -0 bash -c 'sn-embed -m w.bin p.sn | sn-pair --all | sn-dist | sn-eval -q'
	after=$(awk '$1 == "eer" { print $2 }' <<<"$output")
	[ "$after" = 0 ]
	awk "BEGIN { exit !($before > 0.2) }"
}

@test "sn-whiten: worked by hand" {
	# of a: (-1,0) and (1,0), of b: (0,-2) and (0,2) around their means, in units of 1/255: W = diag(2/4, 8/4), trace/2 = 5/4
	points q.sn a 9 20 a 11 20 b 20 8 b 20 12
	sn-embed -m plain.bin q.sn | sn-whiten -m plain.bin --shrink 0.4 -o w.bin
	# S = diag(1, 2.5), the mean is (15, 15)
	run -0 sn-cat -t w.bin
	weight=$(sed -nE 's/.*"fc1.weight".*"data":\[([^]]*)\].*/\1/p' <<<"$output")
	bias=$(sed -nE 's/.*"fc1.bias".*"data":\[([^]]*)\].*/\1/p' <<<"$output")
	awk -F, -v wanted="255,0,0,$(awk 'BEGIN { printf "%.9g", 255 / sqrt(2.5) }')" 'function abs(x) { return x < 0 ? -x : x }
		{ split(wanted, w, ","); for (i = 1; i <= 4; i++) if (abs($i - w[i]) > 1e-3) exit 1 }' <<<"$weight"
	awk -F, 'function abs(x) { return x < 0 ? -x : x } abs($1 + 15) > 1e-4 || abs($2 + 15 / sqrt(2.5)) > 1e-4 { exit 1 }' <<<"$bias"
}

@test "sn-whiten: the network before it stays, the same bytes with any -j" {
	printf 'input 2x1x1\nconv 3 size=1\nrelu\nflatten\n' >conv.net
	sn-init conv.net -d cosine --invert -o c.bin
	sn-embed -m c.bin p.sn -o e.sn
	for j in 1 2 3; do
		sn-whiten -j $j -m c.bin -o w$j.bin e.sn
	done
	cmp w1.bin w2.bin
	cmp w1.bin w3.bin
	run -0 bash -c 'sn-whiten -m c.bin <e.sn | cmp - w1.bin'
	diff <(sn-cat -t c.bin | grep '"conv1') <(sn-cat -t w1.bin | grep '"conv1')
	run -0 sn-cat -t w1.bin
	[[ ${lines[0]} == *'"distance":"cosine"'*'flatten\u000alinear 6\u000al2norm\u000a'*'"invert":true'* ]]
}

@test "sn-whiten: forged items and those without label take no part" {
	sn-embed -m plain.bin p.sn | sn-whiten -m plain.bin -o w.bin
	points more.sn a 100 0 a 104 200 a! 0 0 a 96 100 - 255 255 b 120 10 b 124 210 b 116 110
	run -0 --separate-stderr bash -c 'sn-embed -m plain.bin more.sn | sn-whiten -v -m plain.bin -o more.bin'
	[ "$stderr" = "sn-whiten: 6 embeddings; 2 without picture or label, or forged" ]
	cmp w.bin more.bin
}

@test "sn-whiten: several sections are one set" {
	points a.sn a 100 0 a 104 200 a 96 100
	points b.sn b 120 10 b 124 210 b 116 110
	sn-embed -m plain.bin p.sn | sn-whiten -m plain.bin -o whole.bin
	cat a.sn b.sn | sn-embed -m plain.bin | sn-whiten -m plain.bin -o parts.bin
	cmp whole.bin parts.bin
}

@test "sn-whiten --mirror: a picture and its mirror image have one embedding, the pipe's and sn-verify's" {
	sn-embed -m plain.bin p.sn | sn-whiten --mirror -m plain.bin -o w.bin
	run -0 sn-cat -t w.bin
	[[ ${lines[0]} == *'"mirror":true'* ]]
	points m.sn a 30 200 a 200 30
	[ "$(numbers w.bin m.sn | wc -l)" -eq 2 ]
	[ "$(numbers w.bin m.sn | sort -u | wc -l)" -eq 1 ]
	[ "$(numbers plain.bin m.sn | sort -u | wc -l)" -eq 2 ]
	printf 'P5 2 1 255\n\036\310' >a.pgm
	printf 'P5 2 1 255\n\100\120' >b.pgm
	run sn-verify -T 1 -m w.bin a.pgm b.pgm
	verified=$(cut -f 2 <<<"$output")
	[[ $verified == [0-9]*.[0-9]* ]]
	run -0 bash -c 'sn-pair a.pgm b.pgm | sn-embed -m w.bin | sn-dist -t'
	[ "$(cut -f 4 <<<"$output")" = "$verified" ]
}

@test "sn-whiten: the threshold goes, and that is said" {
	sn-embed -m plain.bin p.sn -o e.sn
	sn-pair --all e.sn | sn-dist | sn-eval -q --calibrate plain.bin >/dev/null
	run -0 --separate-stderr sn-whiten -m plain.bin -o w.bin e.sn
	[[ $stderr == *"calibrate it again"* ]]
	run -0 sn-cat -t w.bin
	[[ ${lines[0]} == *'"threshold":null'* ]]
}

@test "sn-whiten: what it cannot learn from" {
	sn-embed -m plain.bin p.sn -o e.sn
	sn-init plain.net --invert -o other.bin
	run -1 sn-whiten -m other.bin -o w.bin e.sn
	[[ $output == *"another model's embeddings"* ]]
	run -1 sn-whiten -m plain.bin -o w.bin p.sn
	[[ $output == *"no embeddings of a model"* ]]
	points one.sn a 1 2 b 3 4
	run -1 bash -c 'sn-embed -m plain.bin one.sn | sn-whiten -m plain.bin -o w.bin'
	[[ $output == *"no class has two embeddings"* ]]
	points alike.sn a 1 2 a 1 2 b 3 4
	run -1 bash -c 'sn-embed -m plain.bin alike.sn | sn-whiten -m plain.bin -o w.bin'
	[[ $output == *"all the same"* ]]
	points line.sn a 1 2 a 3 2 b 3 4
	run -1 bash -c 'sn-embed -m plain.bin line.sn | sn-whiten --shrink 0 -m plain.bin -o w.bin'
	[[ $output == *"0 of shrinkage: use more"* ]]
	sn-init plain.net -d weighted-l1 -o head.bin
	run -1 bash -c 'sn-embed -m head.bin p.sn | sn-whiten -m head.bin -o w.bin'
	[[ $output == *"weighs each number"* ]]
	run -1 sn-whiten -m plain.bin -o w.bin /dev/null
	[ ! -e w.bin ]
}

@test "sn-whiten: mistakes on the command line" {
	run -2 sn-whiten p.sn
	[[ $output == *"no model"* ]]
	run -2 sn-whiten -m - -
	[[ $output == *"cannot both"* ]]
	run -2 sn-whiten -t -m plain.bin p.sn
	[[ $output == *"no text"* ]]
	run -2 sn-whiten --shrink -1 -m plain.bin p.sn
}
