load helper

# tiny.net: a network that is quick to make
tiny() {
	printf '# two numbers of 4x3 grey\ninput 4x3x1\nconv 2 size=2\nrelu\nflatten\nlinear 2\n' >"$1"
}

# grey FILE VALUES...: pictures of 2x1, grey, one for each two values
grey() {
	local file=$1 n=0
	shift
	{
		echo '{"sn":1,"kind":"items"}'
		while [ $# -gt 0 ]; do
			echo "{\"item\":$n,\"key\":\"k$n\",\"label\":null,\"x\":{\"type\":\"|u1\",\"shape\":[1,2,1],\"data\":[$1,$2]}}"
			n=$((n + 1))
			shift 2
		done
		echo "{\"end\":$n}"
	} | json_stream "$file"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	tiny tiny.net
}

@test "sn-init: --list names the presets" {
	run -0 --separate-stderr sn-init --list
	for preset in lenet hadsell conv4 faces koch signet signet-paper resnet; do
		[[ $'\n'$output == *$'\n'"$preset"$'\t'* ]]
	done
	[ "${#lines[@]}" -eq 8 ]
	run -2 --separate-stderr sn-init --list lenet
	[ -z "$output" ]
}

@test "sn-init: a model's header and parameters" {
	sn-init tiny.net -o w.bin
	run -0 sn-cat -t w.bin
	[[ ${lines[0]} == '{"sn":1,"kind":"model","distance":"euclidean","head":null,"loss":null,"margin":1.0,"net":"# two'* ]]
	[[ ${lines[0]} == *'"prep":{"channels":1,"deviation":1.0,"fill":255,"fit":"stretch","invert":false,"mean":0.0,"size":[4,3]},"threshold":null}' ]]
	[[ ${lines[1]} == '{"param":"conv1.weight","shape":[2,1,2,2],"row":0,"x":{"type":"<f4","shape":[2,1,2,2],"data":['* ]]
	[[ ${lines[2]} == '{"param":"conv1.bias","shape":[2],'* ]]
	[[ ${lines[3]} == '{"param":"fc1.weight","shape":[2,12],'* ]]
	[[ ${lines[4]} == '{"param":"fc1.bias","shape":[2],'* ]]
	[ "${#lines[@]}" -eq 6 ]
}

@test "sn-init: options go into the header" {
	sn-init tiny.net -d cosine -M 0.25 --invert --fit pad --fill 7 -o w.bin
	run -0 sn-cat -t w.bin
	[[ ${lines[0]} == *'"distance":"cosine"'*'"margin":0.25'*'"fill":7,"fit":"pad","invert":true'* ]]
}

@test "sn-init --mirror: goes into the header, and a picture is embedded as its mirror image is" {
	printf 'input 2x1x1\nflatten\nlinear 2\n' >two.net
	sn-init two.net -o plain.bin
	sn-init two.net --mirror -o m.bin
	run -0 sn-cat -t m.bin
	[[ ${lines[0]} == *'"mean":0.0,"mirror":true,"size":[2,1]}'* ]]
	grey g.sn 30 200 200 30
	for model in plain m; do
		sn-embed -m $model.bin g.sn | sn-cat -t | sed -nE 's/.*"item".*"data":(\[[^]]*\]).*/\1/p' >$model.txt
		[ "$(wc -l <$model.txt)" -eq 2 ]
	done
	[ "$(sort -u plain.txt | wc -l)" -eq 2 ]
	[ "$(sort -u m.txt | wc -l)" -eq 1 ]
	# the mean of both of plain's
	paste -d , plain.txt m.txt | tr -d '[]' | awk -F, '{ a += $1; b += $2; m = $3; n = $4 }
		END { a = a / 2 - m; b = b / 2 - n; exit !(a * a + b * b < 1e-12) }'
}

@test "sn-init: the seed decides, and nothing else" {
	sn-init lenet -o a.bin
	sn-init lenet -s 1 -o b.bin
	sn-init lenet -s 2 -o c.bin
	cmp a.bin b.bin
	run ! cmp -s a.bin c.bin
	sn-init lenet >d.bin
	cmp a.bin d.bin
}

@test "sn-init: a text from a file, from standard input, and the preset's own" {
	sn-init tiny.net -o a.bin
	sn-init - <tiny.net >b.bin
	cmp a.bin b.bin
	sn-cat -t a.bin | grep -q '"net":"# two numbers of 4x3 grey\\u000ainput 4x3x1'
}

@test "sn-init: history" {
	unset SN_NO_HISTORY
	sn-init tiny.net -s 3 -o w.bin
	run -0 sn-cat -t w.bin
	[[ ${lines[0]} == *'"history":[{"cmd":"sn-init","version":"'*'"options":{'*'"seed":3}}'* ]]
	[[ ${lines[0]} != *tiny.net* && ${lines[0]} != *w.bin* ]]
	# what was measured changes the model; which file it was in does not
	picture a.pgm 4 4 3
	picture b.pgm 4 4 9
	sn-load a.pgm b.pgm -o in.sn
	run -0 --separate-stderr env SN_NO_HISTORY=0 sn-init -v --measure in.sn -o w.bin lenet
	[[ $stderr == "sn-init: 2 pictures: mean 0.02352941"*", deviation 0.01176470"* ]]
	run -0 sn-cat -t w.bin
	[[ ${lines[0]} == *'"measure":"stream"'* && ${lines[0]} != *in.sn* ]]
}

@test "sn-init: --show of a preset, by hand" {
	run -0 --separate-stderr sn-init --show lenet
	[ "${lines[0]}" = $'layer\tkind\toutput\tparameters\tmultiply-adds' ]
	[ "${lines[1]}" = $'-\tinput\t28x28x1\t0\t0' ]
	[ "${lines[2]}" = $'conv1\tconv\t24x24x20\t520\t288000' ] # 20*(25+1), 24*24*20*25
	[ "${lines[4]}" = $'conv2\tconv\t8x8x50\t25050\t1600000' ]
	[ "${lines[7]}" = $'fc1\tlinear\t1x1x500\t400500\t400000' ]
	[ "${lines[11]}" = $'-\ttotal\t2\t431102\t2293020' ]
	run -0 --separate-stderr sn-init --show -v lenet
	[[ ${lines[0]} == *$'\tmultiply-adds\tforward\tinput\tweight' ]]
	SN_CONV=direct run -0 --separate-stderr sn-init --show -v lenet
	[ "${lines[4]}" = $'conv2\tconv\t8x8x50\t25050\t1600000\tdirect\tdirect\tdirect' ]
	run -0 --separate-stderr sn-init --show conv4
	[ "${lines[-1]}" = $'-\ttotal\t64\t112448\t9815040' ]
}

@test "sn-init: --show of every preset: numbers, parameters, work" {
	total() {
		run -0 --separate-stderr sn-init --show "$1"
		[ "${lines[-1]}" = "$(printf -- '-\ttotal\t%s\t%s\t%s' "$2" "$3" "$4")" ]
	}
	total hadsell 2 37097 430170
	total faces 5 40254505 49252500
	total koch 4096 38947648 908623872 # published: 38.95 M with its head of 4097, 0.909 G
	total signet 128 6462272 484250720 # 6.46 M, 0.484 G
	total signet-paper 128 113939904 8224384192
	total resnet 128 1566968 56968704 # 114 MFLOP
	[ "${lines[12]}" = $'residual1\tresidual\t24x24x48\t0\t0' ]
}

@test "sn-init: a preset's distance, margin and head; -d and -M win" {
	sn-init faces -o w.bin
	sn-cat -t w.bin | grep -q '"distance":"euclidean".*"margin":2.0'
	sn-init faces -M 3 -d cosine -o w.bin
	sn-cat -t w.bin | grep -q '"distance":"cosine".*"margin":3.0'
	sn-init koch -o w.bin
	run -0 bash -c 'sn-cat -t w.bin | head -n 1'
	[[ $output == *'"distance":"weighted-l1","head":{"type":"<f4","shape":[4097],"data":['* ]]
	sn-init koch -d euclidean -o w.bin
	sn-cat -t w.bin | grep -q '"distance":"euclidean","head":null'
}

@test "sn-init: -d weighted-l1 draws a head, a weight for each number and a bias" {
	sn-init tiny.net -d weighted-l1 -o a.bin
	sn-init tiny.net -d weighted-l1 -o b.bin
	cmp a.bin b.bin
	run -0 sn-cat -t a.bin
	[[ ${lines[0]} =~ '"head":{"type":"<f4","shape":[3],"data":['([-0-9.e]+),([-0-9.e]+),0.(4|5)[0-9]*']}' ]]
	sn-init tiny.net -d weighted-l1 -s 2 -o b.bin
	sn-cat -t b.bin >b.txt
	[[ $(head -n 1 b.txt) != "${lines[0]}" ]]
	sn-init tiny.net -o b.bin # the network's weights do not depend on it
	sn-cat -t b.bin >b.txt
	[ "$(sed -n 2p b.txt)" = "${lines[1]}" ]
}

@test "sn-init: residual blocks that are not closed or do not fit name their lines" {
	printf 'input 28x28x1\nresidual\n  tanh\n' >bad.net
	run -1 --separate-stderr sn-init bad.net -o w.bin
	[[ $stderr == "sn-init: bad.net: line 2: 'residual' without 'end' after it" ]]
	[ ! -e w.bin ]
	printf 'input 28x28x1\nresidual\n  conv 4 size=3\nshortcut\n  conv 4 size=1\nend\n' >bad.net
	run -1 --separate-stderr sn-init --show bad.net
	[[ $stderr == "sn-init: bad.net: line 6: the block of line 2 gives 26x26x4, and its shortcut 28x28x4: wanted the same" ]]
	[ -z "$output" ]
}

@test "sn-init: --show is the same for a preset and its model, a text and standard input" {
	sn-init lenet -o w.bin
	sn-init --show lenet >a.txt
	sn-init --show w.bin >b.txt
	cmp a.txt b.txt
	sn-init --show tiny.net >a.txt
	sn-init --show - <tiny.net >b.txt
	cmp a.txt b.txt
	sn-init --show tiny.net -o b.txt
	cmp a.txt b.txt
}

@test "sn-init: --measure by hand" {
	grey in.sn 0 255 51 102 # mean 102; squared deviations 102² + 153² + 51² + 0
	printf 'input 2x1x1\nflatten\nlinear 2\n' >two.net
	sn-init --measure in.sn two.net -o w.bin
	run -0 sn-cat -t w.bin
	[[ ${lines[0]} =~ \"deviation\":([0-9.]+),.*\"mean\":([0-9.]+), ]]
	# sqrt(36414 / 4) / 255 and 102 / 255
	awk -v d="${BASH_REMATCH[1]}" -v m="${BASH_REMATCH[2]}" \
		'BEGIN { exit !(d - 0.374166 < 1e-6 && 0.374165 - d < 1e-6 && m - 0.4 < 1e-7 && 0.4 - m < 1e-7) }'
	sn-init --measure - two.net <in.sn >b.bin
	cmp w.bin b.bin
	sn-init --measure in.sn --invert two.net -o w.bin
	sn-cat -t w.bin | grep -q '"mean":0.6'
}

@test "sn-init: --measure passes items without a picture, and takes all sections" {
	grey a.sn 0 255
	grey b.sn 51 102
	grey c.sn 0 255 51 102
	printf 'input 2x1x1\nflatten\nlinear 2\n' >two.net
	cat a.sn b.sn | sn-init --measure - two.net >ab.bin
	sn-init --measure c.sn two.net >c.bin
	cmp ab.bin c.bin
	{
		echo '{"sn":1,"kind":"items"}'
		echo '{"item":0,"key":"gone","label":null}'
		sn-cat -t c.sn | sed -n '2,3s/"item":\([0-9]\)/"item":1\1/p'
		echo '{"end":3}'
	} | json_stream d.sn
	sn-init --measure d.sn two.net >d.bin
	cmp c.bin d.bin
}

@test "sn-init: --measure of nothing, of one grey, of embeddings, of a model, of damage" {
	printf 'input 2x1x1\nflatten\nlinear 2\n' >two.net
	grey none.sn
	run -1 --separate-stderr sn-init --measure none.sn two.net -o w.bin
	[[ $stderr == "sn-init: none.sn: no pictures to measure" ]]
	[ ! -e w.bin ]
	grey one.sn 7 7 7 7
	run -1 --separate-stderr sn-init --measure one.sn two.net -o w.bin
	[[ $stderr == *"all pixels are 7"* ]]
	embeddings e.sn a '[1,2]'
	run -1 --separate-stderr sn-init --measure e.sn two.net -o w.bin
	[[ $stderr == *"x is an embedding"*"wanted a picture"* ]]
	sn-init two.net -o m.bin
	run -1 --separate-stderr sn-init --measure m.bin two.net -o w.bin
	[[ $stderr == *"this is model, wanted items or pairs"* ]]
	grey in.sn 0 255 51 102
	head -c 150 in.sn >cut.sn
	run -1 --separate-stderr sn-init --measure cut.sn two.net -o w.bin
	[[ $stderr == "sn-init: cut.sn: "* ]]
	: >empty
	run -1 --separate-stderr sn-init --measure empty two.net -o w.bin
	[ -n "$stderr" ]
	[ ! -e w.bin ]
}

@test "sn-init: --measure of every disease of a stream" {
	sn-init --measure "$BROKEN/good.sn" lenet -o w.bin
	rm w.bin
	while IFS=$'\t' read -r f words; do
		run -1 --separate-stderr sn-init --measure "$BROKEN/$f" lenet -o w.bin
		[[ $stderr == "sn-init: $BROKEN/$f: "*"$words"* || $stderr == *"wanted items or pairs"* ]] ||
			{ echo "$f: $stderr"; false; }
		[ ! -e w.bin ]
	done < <(diseases)
}

@test "sn-init: a text's mistake names file and line" {
	printf 'input 28x28x1\n\nconvv 3\n' >bad.net
	run -1 --separate-stderr sn-init bad.net -o w.bin
	[[ $stderr == "sn-init: bad.net: line 3: unknown layer 'convv'; there are conv, maxpool, "* ]]
	[ ! -e w.bin ]
	printf 'input 28x28x1\nconv 3 size=3\nlinear 4\n' >bad.net
	run -1 --separate-stderr sn-init --show bad.net
	[[ $stderr == "sn-init: bad.net: line 3: fc1: it takes a flat input and gets 26x26x3: put 'flatten' before it" ]]
	[ -z "$output" ]
}

@test "sn-init: usage errors" {
	refuse() {
		run -2 --separate-stderr sn-init "$@"
		[ -z "$output" ]
		[[ $stderr == "sn-init: "* ]]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	}
	refuse
	refuse nosuch
	[[ $stderr == *"neither a preset (see sn-init --list) nor a file"* ]]
	refuse lenet conv4
	refuse -d far lenet
	refuse -M 0 lenet
	refuse -M nan lenet
	refuse --fill 256 lenet
	refuse --measure - - </dev/null
	refuse --show --measure x lenet
	sn-init tiny.net -o w.bin
	refuse w.bin
	[[ $stderr == *"is a model already"* ]]
	run -1 --separate-stderr sn-init ./nosuch.net
	[[ $stderr == *"nosuch.net"* ]]
}

@test "sn-init: a model does not go to a terminal" {
	need_terminal
	command -v script >/dev/null || skip "script(1) is absent"
	run -2 script -qec "sn-init lenet" /dev/null </dev/null
	[[ $output == *"does not go to a terminal"* ]]
}

@test "sn-init: a full disk is not success" {
	run -1 bash -c 'sn-init lenet >/dev/full'
	run -1 bash -c 'sn-init --list >/dev/full'
	run -1 bash -c 'sn-init --show lenet >/dev/full'
}

@test "sn-init: -h" {
	run -0 --separate-stderr sn-init -h
	[[ $output == "usage: sn-init "* ]]
}

@test "sn-init: a mistake on standard input is where it says" {
	run -1 --separate-stderr sn-init - -o w.bin < <(printf 'input 3x3x1\nconv 4 size=5\n')
	[[ $stderr == "sn-init: <stdin>: line 2: "* ]]
}

@test "sn-init: -t is for listings, a model has no text" {
	run -0 sn-init -t --list
	run -0 sn-init -t --show lenet
	run -2 --separate-stderr sn-init -t lenet
	[ -z "$output" ]
	[[ $stderr == *"sn-cat -t"* ]]
}
