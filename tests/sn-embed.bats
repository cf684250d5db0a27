load helper

# pictures FILE N [W H C [FIRST]]: N pictures of noise; picture i depends on FIRST + i alone.
pictures() {
	awk -v n="$2" -v w="${3:-28}" -v h="${4:-28}" -v c="${5:-1}" -v first="${6:-0}" 'BEGIN {
		print "{\"sn\":1,\"kind\":\"items\"}"
		for (i = 0; i < n; i++) {
			printf "{\"item\":%d,\"key\":\"k%d\",\"label\":null,\"x\":{\"type\":\"|u1\",\"shape\":[%d,%d,%d],\"data\":[", i, i, h, w, c
			s = (first + i) * 7919 + 13
			for (j = 0; j < w * h * c; j++) {
				s = (s * 16807) % 2147483647
				printf j ? ",%d" : "%d", s % 256
			}
			print "]}}"
		}
		printf "{\"end\":%d}\n", n
	}' | json_stream "$1"
}

# x FILE: the embeddings, a line each
x() {
	sn-cat -t "$1" | sed -n 's/.*"x":{"type":"<f4",.*"data":\[\(.*\)\]}.*/\1/p'
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	sn-init lenet -o w.bin
	printf 'input 9x7x3\nconv 5 size=3 pad=1\nbatchnorm\nrelu\nmaxpool size=2\nflatten\nlinear 11\nsigmoid\ndropout 0.5\nlinear 3\n' >odd.net
	sn-init odd.net --invert --fit pad -o odd.bin
	pictures p40.sn 40
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR"/* .
}

@test "sn-embed: by hand" {
	# one weight of 2 and a bias of 0.5 on x = (1 - u/255 - 0.25) / 0.5
	{
		echo '{"sn":1,"kind":"model","net":"input 1x1x1\nconv 1 size=1\nflatten\n","prep":{"channels":1,"deviation":0.5,"invert":true,"mean":0.25,"size":[1,1]}}'
		echo '{"param":"conv1.weight","shape":[1,1,1,1],"row":0,"x":{"type":"<f4","shape":[1,1,1,1],"data":[2.0]}}'
		echo '{"param":"conv1.bias","shape":[1],"row":0,"x":{"type":"<f4","data":[0.5]}}'
		echo '{"end":2}'
	} | json_stream m.bin
	{
		echo '{"sn":1,"kind":"items"}'
		echo '{"item":3,"key":"a","label":"l","x":{"type":"|u1","shape":[1,1,1],"data":[0]}}'
		echo '{"item":5,"key":"b","label":null,"forged":true,"x":{"type":"|u1","shape":[1,1,1],"data":[255]},"later":[1,{"a":2}]}'
		echo '{"end":2}'
	} | json_stream in.sn
	sn-embed -m m.bin in.sn -o out.sn
	run -0 sn-cat -t out.sn
	[[ ${lines[0]} == '{"sn":1,"kind":"items","model":{"dim":1,"distance":"euclidean","head":null,"margin":1.0,"threshold":null,"xxh3":'*'}}' ]]
	[ "${lines[1]}" = '{"item":3,"key":"a","label":"l","x":{"type":"<f4","shape":[1],"data":[3.5]}}' ]
	[ "${lines[2]}" = '{"item":5,"key":"b","label":null,"forged":true,"x":{"type":"<f4","shape":[1],"data":[-0.5]},"later":[1,{"a":2}]}' ]
}

@test "sn-embed: file, standard input and - are the same" {
	sn-embed -m w.bin p40.sn -o a.sn
	sn-embed -m w.bin <p40.sn >b.sn
	sn-embed -m w.bin - <p40.sn >c.sn
	cmp a.sn b.sn
	cmp a.sn c.sn
	sn-embed -m - p40.sn <w.bin >d.sn
	cmp a.sn d.sn
}

@test "sn-embed: one picture at every place of batches of 1 to 40 gives the same bytes" {
	for model in w.bin odd.bin; do
		sn-embed -m $model p40.sn -o all.sn
		for n in $(seq 1 40); do
			sn-cat --head "$n" p40.sn | sn-embed -m $model -j $((n % 3 + 1)) >some.sn
			sn-cat --head "$n" all.sn | cmp - some.sn
		done
		# the first picture, put at place p of 40
		sn-cat -t p40.sn >all.json
		first=$(x all.sn | head -n 1)
		pixels=$(sed -n '2s/.*"x"/"x"/p' all.json)
		for p in $(seq 1 39); do
			awk -v p="$p" -v pixels="$pixels" 'NR == p + 2 { sub(/"x".*/, ""); print $0 pixels; next } { print }' all.json |
				json_stream moved.sn
			[ "$(sn-embed -m $model moved.sn | x - | sed -n "$((p + 1))p")" = "$first" ]
		done
	done
}

@test "sn-embed: the same bytes for any -j, and however the input comes in" {
	pictures p150.sn 150
	pictures p600.sn 600
	sn-embed -m w.bin -j 1 p600.sn >a.sn
	sn-embed -m w.bin -j 3 p600.sn | cmp - a.sn
	sn-embed -m w.bin -j 1 p150.sn >b.sn
	sn-cat --head 150 a.sn | cmp - b.sn
	mv b.sn a.sn
	for j in 2 3 7; do
		sn-embed -m w.bin -j $j p150.sn | cmp - a.sn
	done
	{
		head -c 3000 p150.sn
		sleep 0.1
		head -c 70001 p150.sn | tail -c +3001
		sleep 0.1
		tail -c +70002 p150.sn
	} | sn-embed -m w.bin | cmp - a.sn
}

@test "sn-embed: writes what it has before it waits" {
	pictures p3.sn 3
	size=$(stat -c %s p3.sn)
	mkfifo in
	sn-embed -m w.bin <in >out.sn 3>&- &
	exec 9>in
	head -c $((size - 20)) p3.sn >&9
	for _ in $(seq 100); do
		[ "$(grep -ac k2 out.sn)" -eq 0 ] || break
		sleep 0.05
	done
	grep -aq k2 out.sn # the last picture is out, the end is not
	tail -c 20 p3.sn >&9
	exec 9>&-
	wait
	sn-embed -m w.bin p3.sn | cmp - out.sn
}

@test "sn-embed: fits pictures of any size" {
	pictures small.sn 3 5 6 3
	pictures large.sn 3 100 30 1
	sn-embed -m w.bin small.sn -o a.sn
	[ "$(x a.sn | wc -l)" -eq 3 ]
	sn-embed -m odd.bin large.sn -o a.sn
	[ "$(x a.sn | wc -l)" -eq 3 ]
	[[ $(x a.sn | head -n 1) == *,*,* ]]
}

@test "sn-embed: pairs, items without a picture and unknown records keep their place" {
	pictures p3.sn 3
	{
		echo '{"sn":1,"kind":"pairs","window":5,"zebra":[1]}'
		sn-cat -t p3.sn | sed -n '2,3p'
		echo '{"pair":[0,1],"same":true}'
		echo '{"remark":"x"}'
		sn-cat -t p3.sn | sed -n '4p'
		echo '{"pair":[2,0],"same":false,"trial":4}'
		echo '{"item":9,"key":"gone","label":null}'
		echo '{"pair":[9,0],"same":null}'
		echo '{"end":8,"failed":2}'
	} | json_stream in.sn
	sn-embed -m w.bin in.sn -o out.sn
	run -0 sn-cat -t out.sn
	[[ ${lines[0]} == *'"kind":"pairs","model":{'*'},"window":5,"zebra":[1]}' ]]
	[[ ${lines[2]} == '{"item":1,'*'<f4'* ]]
	[ "${lines[3]}" = '{"pair":[0,1],"same":true}' ]
	[ "${lines[4]}" = '{"remark":"x"}' ]
	[[ ${lines[5]} == '{"item":2,'*'<f4'* ]]
	[ "${lines[6]}" = '{"pair":[2,0],"same":false,"trial":4}' ]
	[ "${lines[7]}" = '{"item":9,"key":"gone","label":null}' ]
	[ "${lines[8]}" = '{"pair":[9,0],"same":null}' ]
	[[ ${lines[9]} == '{"end":8,"failed":2,'* ]]
	sn-embed -m w.bin p3.sn -o alone.sn
	[ "$(x out.sn)" = "$(x alone.sn)" ]
}

@test "sn-embed: a section for each section" {
	pictures a.sn 3
	pictures b.sn 2 28 28 1 3
	sn-embed -m w.bin a.sn >ab.sn
	sn-embed -m w.bin b.sn >>ab.sn
	cat a.sn b.sn | sn-embed -m w.bin | cmp - ab.sn
}

@test "sn-embed: history and the model's sum" {
	unset SN_NO_HISTORY
	sn-embed -m w.bin p40.sn -o a.sn
	sum=$(sn-cat -t a.sn | sed -n '1s/.*"model":{.*"xxh3":\([0-9]*\)}.*/\1/p')
	[ -n "$sum" ]
	sn-cat -t a.sn | head -n 1 | grep -q "\"cmd\":\"sn-embed\".*\"inputs\":{\"model\":$sum}"
	# the sum is that of network, preparation and weights alone
	sn-init lenet -M 7 -d cosine -o other.bin
	sn-embed -m other.bin p40.sn | sn-cat -t | head -n 1 | grep -q "\"xxh3\":$sum}"
	sn-init lenet --invert -o other.bin
	run ! bash -c "sn-embed -m other.bin p40.sn | sn-cat -t | head -n 1 | grep -q '\"xxh3\":$sum}'"
	sn-init lenet -s 2 -o other.bin
	run ! bash -c "sn-embed -m other.bin p40.sn | sn-cat -t | head -n 1 | grep -q '\"xxh3\":$sum}'"
}

@test "sn-embed: embeddings, models and other kinds are refused" {
	embeddings e.sn a '[0,1]'
	run -1 --separate-stderr sn-embed -m w.bin e.sn
	[[ $stderr == *"e.sn: record 1"*"x is an embedding"*"wanted a picture"* ]]
	sn-embed -m w.bin p40.sn -o twice.sn
	run -1 --separate-stderr sn-embed -m w.bin twice.sn -o out.sn
	[[ $stderr == *"twice.sn: "*"these are embeddings already"* ]]
	[ ! -e out.sn ]
	run -1 --separate-stderr sn-embed -m w.bin w.bin
	[[ $stderr == *"this is model, wanted items or pairs"* ]]
	run -1 --separate-stderr sn-embed -m p40.sn p40.sn
	[[ $stderr == *"this is items, wanted model, made by sn-init or sn-train"* ]]
	{
		echo '{"sn":1,"kind":"items"}'
		echo '{"item":0,"key":"a","label":null,"x":{"type":"|u1","shape":[2,2,2],"data":[0,1,2,3,4,5,6,7]}}'
		echo '{"end":1}'
	} | json_stream two.sn
	run -1 --separate-stderr sn-embed -m w.bin two.sn
	[[ $stderr == *"[2][2][2]"*"wanted a picture: |u1 [h][w][1 or 3]"* ]]
}

# model SED: a model of two numbers, changed by a sed script on its JSON lines, as m.bin
model() {
	printf 'input 2x1x1\nflatten\nlinear 2\n' >two.net
	sn-init two.net | sn-cat -t | sed "$1" | json_stream m.bin
}

# wrong SED MESSAGE: such a model is refused with this message
wrong() {
	model "$1"
	run -1 --separate-stderr sn-embed -m m.bin p40.sn
	[ -z "$output" ]
	[[ $stderr == "sn-embed: m.bin: "*"$2"* ]] || { echo "$1: $stderr"; return 1; }
}

@test "sn-embed: a model whose parameters do not fit says which and how" {
	model ''
	sn-embed -m m.bin p40.sn -o out.sn
	wrong '2d;$s/2/1/' "parameter 'fc1.weight' is missing"
	wrong '2p;$s/2/3/' "parameter 'fc1.weight' comes twice"
	wrong '2s/fc1.weight/fc2.weight/' "parameter 'fc2.weight': the network has none of that name"
	wrong '3s/"shape":\[2\],"row"/"shape":[2,1],"row"/;3s/"shape":\[2\],"data"/"shape":[2,1],"data"/' \
		"parameter 'fc1.bias' is [2][1], wanted [2]"
	wrong '1s/linear 2/linear 3/' "parameter 'fc1.weight' is [2][2], wanted [3][2]"
	wrong '1s/"size":\[2,1\]/"size":[2,2]/' "prep: 'size' is 2x2, the network's input 2x1"
	wrong '1s/"channels":1/"channels":3/' "prep: 'channels' is 3, the network's input has 1"
	wrong '1s/"deviation":1.0/"deviation":0.0/' "prep: 'deviation' is no number from"
	wrong '1s/"fit":"stretch"/"fit":"bend"/' "prep: 'fit' is not"
	wrong '1s/"distance":"euclidean"/"distance":"far"/' "distance"
	wrong '1s/"distance":"euclidean"/"distance":"weighted-l1"/' "no head"
	wrong '1s/"head":null/"head":{"type":"<f4","data":[1.0]}/' "head has 1 numbers, wanted 3"
	wrong '1s/"margin":1.0/"margin":-1.0/' "margin"
	wrong '1s/"threshold":null/"threshold":{"far":0.1}/' "threshold"
	wrong '1s/"net":"[^"]*",//' "no 'net'"
	wrong '1s/linear 2/linear 2 3/' "net: line 3: '3' is too much"
}

@test "sn-embed: parameters in pieces are joined" {
	model ''
	sn-embed -m m.bin p40.sn -o whole.sn
	sn-cat -t m.bin | awk '/"fc1.weight"/ {
			match($0, /\[[^][]*\]}}$/)
			split(substr($0, RSTART + 1, RLENGTH - 4), v, ",")
			for (r = 0; r < 2; r++)
				printf "{\"param\":\"fc1.weight\",\"shape\":[2,2],\"row\":%d,\"x\":{\"type\":\"<f4\",\"shape\":[1,2],\"data\":[%s,%s]}}\n", r, v[2 * r + 1], v[2 * r + 2]
			next
		}
		{ sub(/"end":2/, "\"end\":3"); print }' | json_stream pieces.bin
	[ "$(sn-cat -t pieces.bin | wc -l)" -eq 5 ]
	sn-embed -m pieces.bin p40.sn | cmp - whole.sn
}

@test "sn-embed: a model without preparation, with unknown keys and with a threshold" {
	model '1s/"prep":{[^}]*}/"zebra":{"a":1}/;1s/"threshold":null/"threshold":{"d":0.75,"far":0.01,"protocol":"far"}/'
	sn-embed -m m.bin p40.sn | sn-cat -t | head -n 1 | grep -q '"threshold":0.75,'
}

@test "sn-embed: damaged input" {
	size=$(stat -c %s p40.sn)
	for n in 1 10 100 $((size / 2)) $((size - 1)); do
		head -c "$n" p40.sn >cut.sn
		run -1 --separate-stderr sn-embed -m w.bin cut.sn -o out.sn
		[[ $stderr == "sn-embed: cut.sn: "* ]]
		[ ! -e out.sn ]
	done
	run -1 bash -o pipefail -c 'head -c 20000 p40.sn | sn-embed -m w.bin | sn-cat >out.sn'
	size=$(stat -c %s w.bin)
	for n in 0 1 1000 $((size - 1)); do
		head -c "$n" w.bin >cut.bin
		run -1 --separate-stderr sn-embed -m cut.bin p40.sn -o out.sn
		[[ $stderr == "sn-embed: cut.bin: "* ]]
	done
	cat w.bin w.bin >two.bin
	run -1 --separate-stderr sn-embed -m two.bin p40.sn
	[[ $stderr == *"more than one section"* ]]
}

@test "sn-embed: every disease of a stream, also in the place of the model" {
	sn-embed -m w.bin "$BROKEN/good.sn" -o out.sn
	sn-embed -m w.bin "$BROKEN/good-pairs.sn" -o out.sn
	while IFS=$'\t' read -r f words; do
		run -1 --separate-stderr sn-embed -m w.bin "$BROKEN/$f" -o out2.sn
		[[ $stderr == "sn-embed: $BROKEN/$f: "*"$words"* || $stderr == *"wanted items or pairs"* ]] ||
			{ echo "$f: $stderr"; false; }
		[ ! -e out2.sn ]
		run -1 --separate-stderr sn-embed -m "$BROKEN/$f" p40.sn -o out2.sn
		[[ $stderr == "sn-embed: $BROKEN/$f: "* ]]
		[ ! -e out2.sn ]
	done < <(diseases)
}

@test "sn-embed: weights that overflow are no embedding" {
	model '1s/"deviation":1.0/"deviation":0.001/;2s/"data":\[[^]]*\]/"data":[3e38,3e38,3e38,3e38]/'
	run -1 --separate-stderr sn-embed -m m.bin p40.sn -o out.sn
	[[ $stderr == *"layer 'fc1' gives a number that is not finite"* ]]
	[ ! -e out.sn ]
	model '2s/"data":\[[^]]*\]/"data":[1.0,1.0,1.0,1.0]/'
	sed 's/\x00\x00\x80\x3f/\x00\x00\xc0\x7f/' m.bin >nan.bin
	run -1 --separate-stderr sn-embed -m nan.bin p40.sn -o out.sn
	[[ $stderr == "sn-embed: nan.bin: record 1"*NaN* ]]
}

@test "sn-embed: empty input" {
	run -1 --separate-stderr sn-embed -m w.bin /dev/null
	[[ $stderr == "sn-embed: "* ]]
	[ -z "$output" ]
	run -0 sn-embed --allow-empty -m w.bin /dev/null
	[ -z "$output" ]
	pictures none.sn 0
	sn-embed -m w.bin none.sn | sn-cat -t | tail -n 1 | grep -q '{"end":0,'
}

@test "sn-embed: text" {
	pictures p2.sn 2
	run -0 sn-embed -t -m w.bin p2.sn
	[ "${lines[0]}" = $'0\tk0\t-\t-\t[2]' ]
	[ "${#lines[@]}" -eq 2 ]
}

@test "sn-embed: usage errors leave standard output empty" {
	for args in "p40.sn" "-m" "-m w.bin a b" "-m w.bin -j x" "-m w.bin --nosuch" "-m - -"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr sn-embed $args </dev/null
		[ -z "$output" ]
		[[ $stderr == "sn-embed: "* ]]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -1 --separate-stderr sn-embed -m nosuch.bin p40.sn
	[[ $stderr == "sn-embed: "*"nosuch.bin"* ]]
	run -0 sn-embed -h
	[[ $output == "usage: sn-embed "* ]]
}

@test "sn-embed: a full disk is not success" {
	run -1 bash -c 'sn-embed -m w.bin p40.sn >/dev/full'
	run -1 sn-embed -m w.bin p40.sn -o /dev/full
}

@test "sn-embed: Python reads embeddings and model as numpy arrays" {
	/usr/bin/python3 -c 'import msgpack_numpy' 2>/dev/null || skip "python3-msgpack-numpy is absent"
	sn-embed -m w.bin p40.sn -o out.sn
	/usr/bin/python3 - <<-'EOF'
		import msgpack, msgpack_numpy, numpy
		out = list(msgpack.Unpacker(open('out.sn', 'rb'), object_hook=msgpack_numpy.decode))
		assert len(out) == 42 and all(r['x'].shape == (2,) and r['x'].dtype == numpy.float32 for r in out[1:-1])
		w = list(msgpack.Unpacker(open('w.bin', 'rb'), object_hook=msgpack_numpy.decode))
		p = {r['param']: r['x'] for r in w[1:-1]}
		assert p['conv2.weight'].shape == (50, 20, 5, 5) and p['fc1.weight'].shape == (500, 800)
	EOF
}

@test "sn-embed: --precision: nearly the same, exact as ever, or refused where the processor lacks it" {
	SN_ISA=v3 run -2 --separate-stderr sn-embed --precision bf16 -m w.bin p40.sn
	[[ $stderr == *"no instructions for bf16 products"* && -z $output ]]
	run -2 --separate-stderr sn-embed --precision half -m w.bin p40.sn
	[[ $stderr == *"'half'"*bf16* && -z $output ]]
	sn-init resnet -o r.bin
	sn-embed -m r.bin p40.sn -o float.sn
	sn-embed --precision float -m r.bin p40.sn -o same.sn
	cmp float.sn same.sn
	for type in bf16 int8; do
		sn-embed --precision "$type" -m r.bin p40.sn -o low.sn 2>err || skip "$(cat err)"
		run -1 sn-cmp -q --ignore history float.sn low.sn
		run -0 sn-cmp --abs 0.05 --ignore history float.sn low.sn
		sn-embed -j 1 --precision "$type" -m r.bin p40.sn -o one.sn
		cmp low.sn one.sn
	done
}
