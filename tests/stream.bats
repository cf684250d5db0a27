load helper

# stream: what holds for every program that reads streams, whichever it is: damage of any kind ends it with exit
# status 1 (comparers and sn-verify: 2), one message that names the file, and no output file; bytes that come
# slowly, or in another piece, change nothing.

# The readers, and what each is fed.  A reader is a function: it reads the stream "$1" ("-": standard input).
filters='cat cmp cmp2 augment pair split embed dist search gallery loss eval train measure whiten'
models='embed-model train-model verify-model whiten-model calibrate show'

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	printf 'input 4x4x1\nflatten\nlinear 3\n' >tiny.net
	sn-init tiny.net -o w.bin
	printf 'P5\n4 4\n255\n0123456789abcdef' >a.pgm
	printf 'P5\n4 4\n255\nfedcba9876543210' >b.pgm
	for n in 1 2 3; do
		mkdir -p faces/{a,b,c}
		for c in a b c; do printf 'P5\n4 4\n255\n%s%s123456789%sxyz' $c $n $c$n >faces/$c/$n.pgm; done
	done
	sn-load faces >items.sn
	sn-pair items.sn >pairs.sn
	sn-embed -m w.bin pairs.sn >embedded.sn
	sn-dist embedded.sn >distances.sn
	sn-embed -m w.bin items.sn >gallery.sn
	sn-eval --calibrate w.bin -o calibrated.bin distances.sn >/dev/null
	good cmp2
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	here=$BATS_FILE_TMPDIR
}

# good READER: the name of the stream that it likes, in $good
good() {
	case $1 in
	cat | cmp | cmp2 | augment | pair | split | measure) good=items.sn ;;
	embed | train) good=pairs.sn ;;
	dist) good=embedded.sn ;;
	search | gallery | whiten) good=gallery.sn ;;
	loss | eval) good=distances.sn ;;
	verify-model) good=calibrated.bin ;;
	*) good=w.bin ;;
	esac
	good=$BATS_FILE_TMPDIR/$good
}

# read_by READER STREAM: let it read; whatever it writes to a file is called out*
read_by() {
	case $1 in
	cat) sn-cat "$2" -o out ;;
	cmp) sn-cmp "$2" "$here/items.sn" ;;
	cmp2) sn-cmp "$here/items.sn" "$2" ;;
	augment) sn-augment -a affine "$2" -o out ;;
	pair) sn-pair "$2" -o out ;;
	split) sn-split "$2" -o out -O out2 ;;
	embed) sn-embed -m "$here/w.bin" "$2" -o out ;;
	dist) sn-dist "$2" -o out ;;
	search) sn-search "$here/gallery.sn" "$2" -o out ;;
	gallery) sn-search "$2" "$here/gallery.sn" -o out ;;
	loss) sn-loss "$2" -o out ;;
	eval) sn-eval "$2" -o out ;;
	train) sn-train -q -e 1 -b 4 -m "$here/w.bin" "$2" -o out ;;
	whiten) sn-whiten -m "$here/w.bin" "$2" -o out ;;
	measure) sn-init --measure "$2" "$here/tiny.net" -o out ;;
	embed-model) sn-embed -m "$2" "$here/items.sn" -o out ;;
	train-model) sn-train -q -e 1 -b 4 -m "$2" "$here/pairs.sn" -o out ;;
	verify-model) sn-verify -m "$2" "$here/a.pgm" "$here/b.pgm" -o out ;;
	whiten-model) sn-whiten -m "$2" "$here/gallery.sn" -o out ;;
	calibrate) sn-eval --calibrate "$2" -o out "$here/distances.sn" ;;
	show) sn-init --show "$2" -o out ;;
	esac
}

# through FILTER ARGUMENT...: it with the options that it needs
through() {
	case $1 in
	embed) sn-embed -m "$here/w.bin" "${@:2}" ;;
	augment) sn-augment -a affine "${@:2}" ;;
	*) "sn-$1" "${@:2}" ;;
	esac
}

trouble_of() {
	case $1 in
	cmp* | verify*) echo 2 ;;
	*) echo 1 ;;
	esac
}

# refuses READER FILE WHAT: it does, as it should; WHAT was done to the file
refuses() {
	local status=0 wanted
	wanted=$(trouble_of "$1")
	read_by "$1" "$2" >printed 2>said </dev/null || status=$?
	if [ $status != "$wanted" ] || [ "$(wc -l <said)" != 1 ] || [[ $(<said) != sn-*": "* ]] || compgen -G 'out*' >/dev/null; then
		echo "$1, $3: exit status $status, wanted $wanted; said: $(<said); left: $(compgen -G 'out*')"
		cp "$2" "failed-$1"
		failures=$((failures + 1))
		rm -f out*
	fi
}

all_well() { [ "${failures:-0}" -eq 0 ]; }

@test "stream: every reader takes its stream whole" {
	for r in $filters $models; do
		good "$r"
		status=0
		read_by "$r" "$good" >printed 2>said || status=$?
		case $r:$status in
		verify-model:[01] | *:0) ;;
		*) echo "$r: $status: $(<said)" && false ;;
		esac
	done
}

@test "stream: every program that reads streams is tested here" {
	for p in "$BUILD"/bin/sn-*; do
		p=${p##*/}
		case $p in
		sn-load) ;; # reads none
		*) declare -f read_by | grep -q "$p " || { echo "$p is not among the readers" && false; } ;;
		esac
	done
}

# Lengths worth cutting at: all of the end, some of the rest.
cuts() {
	local size=$1 i
	for ((i = 1; i < 24; i++)); do echo $((size - i)); done
	for ((i = 1; i < size - 24; i += 1 + size / 17)); do echo "$i"; done
}

cut_everywhere() {
	local r n
	for r in $1; do
		good "$r"
		for n in $(cuts "$(wc -c <"$good")"); do
			head -c "$n" "$good" >cut.sn
			refuses "$r" cut.sn "cut at $n"
		done
	done
	all_well
}

@test "stream: cut anywhere, no filter succeeds" { cut_everywhere "$filters"; }
@test "stream: cut anywhere, no reader of models succeeds" { cut_everywhere "$models"; }

change_everywhere() {
	local r n byte
	for r in $1; do
		good "$r"
		for n in $(cuts "$(wc -c <"$good")"); do
			byte=$((0x$(od -An -tx1 -j "$n" -N 1 "$good" | tr -d ' ')))
			instead=$((n % 3 == 0 ? byte ^ 1 : n % 3 == 1 ? byte ^ 0xff : 0xc0))
			[ $instead != $byte ] || instead=0
			{
				head -c "$n" "$good"
				# shellcheck disable=SC2059
				printf "\\x$(printf %02x $instead)"
				tail -c +$((n + 2)) "$good"
			} >changed.sn
			refuses "$r" changed.sn "byte $n: $byte -> $instead"
		done
	done
	all_well
}

@test "stream: with any byte changed, no filter succeeds" { change_everywhere "$filters"; }
@test "stream: with any byte changed, no reader of models succeeds" { change_everywhere "$models"; }

@test "stream: nothing may stand behind the end but a section" {
	for r in $filters $models; do
		good "$r"
		{ cat "$good"; printf x; } >more.sn
		refuses "$r" more.sn "a letter behind the end"
		{ cat "$good"; printf '\xc0'; } >more.sn
		refuses "$r" more.sn "nil behind the end"
		for n in 1 5 100; do
			{ cat "$good"; head -c $n "$good"; } >more.sn
			refuses "$r" more.sn "a second section, cut at $n"
		done
		{ cat "$good"; head -c -1 "$good"; } >more.sn
		refuses "$r" more.sn "a second section, cut by one"
		{ head -c -20 "$good"; cat "$good"; } >more.sn
		refuses "$r" more.sn "no end before the second section"
	done
	all_well
}

@test "stream: a model file holds one model" {
	for r in $models; do
		good "$r"
		cat "$good" "$good" >two
		refuses "$r" two "two models"
		refuses "$r" "$here/items.sn" "items for a model"
		refuses "$r" "$here/distances.sn" "distances for a model"
	done
	all_well
}

@test "stream: every disease is refused by every reader" {
	for r in $filters $models; do
		while IFS=$'\t' read -r f _; do
			# NaN is what sn-cmp shows and calls different
			case $r:$f in cmp*:nan.sn | cmp*:infinity.sn) continue ;; esac
			refuses "$r" "$BROKEN/$f" "$f"
		done < <(diseases)
	done
	all_well
}

@test "stream: an empty input is an error" {
	: >empty
	for r in $filters $models; do
		refuses "$r" empty "nothing"
		grep -q empty said || { echo "$r: $(<said)" && false; }
	done
	all_well
}

@test "stream: a kind that is not wanted is named, and who makes the one that is" {
	for r in augment pair split embed train measure; do
		refuses "$r" "$here/distances.sn" "distances"
		grep -qE 'this is distances, wanted .*, made by sn-' said || { echo "$r: $(<said)" && false; }
	done
	for r in dist loss eval embed; do
		refuses "$r" "$here/w.bin" "a model"
		grep -qE 'this is model, wanted .*, made by sn-' said || { echo "$r: $(<said)" && false; }
	done
	for r in $models; do
		refuses "$r" "$here/items.sn" "items"
		grep -qE 'this is items, wanted model, made by sn-' said || { echo "$r: $(<said)" && false; }
	done
	all_well
}

@test "stream: damage in standard input is blamed on it" {
	for r in $filters; do
		good "$r"
		head -c -3 "$good" >cut.sn
		status=0
		read_by "$r" - <cut.sn >printed 2>said || status=$?
		[ $status = "$(trouble_of "$r")" ]
		grep -q '^sn-[a-z]*: <stdin>: truncated' said || { echo "$r: $(<said)" && false; }
		compgen -G 'out*' && false
		true
	done
}

# killed: everything but the last 10 bytes of a stream, from a program that is then killed
killed() { bash -c 'head -c -10 "$0"; kill -KILL $$' "$1"; }

@test "stream: a writer that is killed within a section fails the reader" {
	for r in $filters; do
		good "$r"
		status=0
		{ killed "$good" || true; } | { read_by "$r" - >printed 2>said; } || status=$?
		[ $status = "$(trouble_of "$r")" ] || { echo "$r: $status" && false; }
	done
	# through the whole of the family
	for part in 'sn-pair' 'sn-pair | sn-embed -m w.bin' 'sn-pair | sn-embed -m w.bin | sn-dist'; do
		run ! bash -c "cd '$here'; head -c -10 items.sn | $part | sn-cat >/dev/null"
		run ! bash -c "cd '$here'; sn-load faces | $part | head -c 900 | sn-cat >/dev/null"
	done
}

# bytes FILE: it, byte after byte
bytes() { perl -e '$| = 1; open F, "<:raw", $ARGV[0]; while (read F, $b, 1) { syswrite STDOUT, $b }' "$1"; }

@test "stream: byte after byte is the same as all at once" {
	command -v perl >/dev/null || skip "perl is absent"
	for r in augment pair embed dist loss eval train measure; do
		good "$r"
		read_by "$r" "$good" >printed
		mv out once
		bytes "$good" | read_by "$r" - >printed
		cmp out once
		rm out
	done
}

@test "stream: what came goes out before a filter waits for more" {
	mkfifo in
	for r in augment pair embed dist loss; do
		good "$r"
		read_by "$r" "$good"
		sent=$(($(sn-cat --head 1 "$good" | wc -c) - 20)) # header and first item
		wanted=$(($(sn-cat --head 1 out | wc -c) - 20))
		mkfifo fifo
		through $r in >fifo 3>&- &
		exec 9<fifo 8>in
		head -c $sent "$good" >&8
		# it arrives, or this test fails after a minute: nothing more is sent before
		timeout 60 head -c $wanted <&9 | cmp - <(head -c $wanted out) || { echo "$r keeps what it has" && false; }
		tail -c +$((sent + 1)) "$good" >&8
		exec 8>&-
		timeout 60 cat <&9 | cmp - <(tail -c +$((wanted + 1)) out)
		exec 9<&-
		wait
		rm fifo out
	done
}

@test "stream: a file may be read and written at once" {
	for r in augment pair embed dist loss; do
		good "$r"
		read_by "$r" "$good"
		mv out wanted
		cp "$good" same.sn
		through $r same.sn -o same.sn
		cmp same.sn wanted
	done
}

@test "stream: a signal leaves the old output and nothing beside it" {
	mkfifo in
	export here
	export -f read_by
	for r in cat augment pair split embed dist loss eval train measure; do
		echo old >out
		echo old >out2
		good $r
		r=$r env --default-signal=TERM bash -c 'exec 3>&-; read_by "$r" in >printed' &
		shell=$!
		exec 8>in
		head -c 100 "$good" >&8
		# where it writes as it reads, it has begun then
		for _ in {1..20}; do ! compgen -G '.out*' >/dev/null || break; sleep 0.01; done
		kill -TERM "$(cat /proc/$shell/task/$shell/children)"
		status=0
		wait $shell || status=$?
		exec 8>&-
		[ $status = 143 ] || { echo "$r: $status" && false; }
		[ "$(cat out out2)" = $'old\nold' ]
		! compgen -G '.out*' || { echo "$r" && false; }
	done
}

@test "stream: sections behind each other pass one by one" {
	for r in augment pair embed dist loss; do
		good "$r"
		read_by "$r" "$good"
		cat out out >twice
		cat "$good" "$good" | read_by "$r" -
		cmp out twice
		rm out
	done
}

@test "stream: to readers of sets, sections are what sn-cat makes of them" {
	for r in eval train measure; do
		good "$r"
		cat "$good" "$good" >sections.sn
		sn-cat sections.sn >joined.sn
		read_by "$r" sections.sn >printed
		mv out wanted
		read_by "$r" joined.sn >printed
		cmp out wanted
		rm out
	done
}

@test "stream: what is not known passes with its bytes, in its place" {
	new='"new":{"ext":[5,"00ff"]}'
	for r in augment pair embed dist loss; do
		good "$r"
		sn-cat -t "$good" | sed -e 's/^{"sn":1,/&"aa":[1.5],/' -e "s/^{\"item\":0,/&$new,/" -e "s/\(\"same\":[a-z]*\)}/\1,$new}/" \
			-e 's/^{"end":\([0-9]*\).*/{"record":{"bin":"c0"}}\n{"end":\1}/' >with.json
		count=$(grep -c . with.json)
		sed -i "s/^{\"end\":.*/{\"end\":$((count - 2))}/" with.json
		sn-cat --from-json with.json >with.sn
		read_by "$r" with.sn
		sn-cat -t out >out.json
		grep -q '^{"sn":1,"kind":"[a-z]*","aa":\[1.5\]' out.json
		grep -qF "{\"item\":0,$new,\"key\"" out.json
		grep -qx '{"record":{"bin":"c0"}}' out.json
		[ "$(grep -c '"new"' out.json)" = "$(grep -c '"new"' with.json)" ]
		rm out
	done
}

@test "stream: what failed to load is passed on" {
	for r in augment pair embed dist loss; do
		good "$r"
		sn-cat -t "$good" | sed 's/^\({"end":[0-9]*\).*/\1,"failed":3}/' | sn-cat --from-json >failed.sn
		read_by "$r" failed.sn
		sn-cat -t out | grep -q '^{"end":[0-9]*,"failed":3,'
		rm out
	done
}

@test "stream: numbers may have gaps and be huge" {
	far='s/"item":\([0-9]\)/"item":1844674407370955160\1/; s/"pair":\[\([0-9]\),\([0-9]\)\]/"pair":[1844674407370955160\1,1844674407370955160\2]/'
	for r in augment pair embed dist loss eval train measure split; do
		good "$r"
		read_by "$r" "$good" >printed
		mv out near
		sn-cat -t "$good" | sed -e "$far" | sn-cat --from-json >far.sn
		read_by "$r" far.sn >printed
		case $r in
		pair | embed | dist | loss)
			sn-cat -t near | sed -e "$far" -e '$d' >near.json
			sn-cat -t out | sed '$d' | sort >far.json
			# sn-pair draws by number, too: only the items are the same then
			[ $r != pair ] || sed -i '/"pair"/d' near.json far.json
			sort near.json | cmp - far.json
			;;
		eval | measure) cmp out near ;;
		esac
		rm -f out*
	done
}

@test "stream: a full disk is not success" {
	for r in augment pair embed dist loss eval; do
		good "$r"
		status=0
		through $r "$good" >/dev/full 2>said || status=$?
		[ $status = 1 ]
		grep -q "^sn-$r: .*no space" said
	done
}

@test "stream: no history where none is wanted" {
	for r in augment pair embed dist loss train; do
		good "$r"
		read_by "$r" "$good"
		sn-cat -t out | head -n 1 >header
		run ! grep -q history header
		unset SN_NO_HISTORY
		read_by "$r" "$good"
		sn-cat -t out | head -n 1 | grep -q "\"cmd\":\"sn-$r\""
		export SN_NO_HISTORY=1
		sn-cmp out out
		rm out
	done
}

@test "stream: text has no control characters, whoever wrote the names" {
	{
		printf '\x82\xa2sn\x01\xa4kind\xa5items'
		printf '\x83\xa4item\x00\xa3key\xa5a\x1b[2J\xa5label\xa2\xc2\x9b'
		printf '\x83\xa4item\x01\xa3key\xa4b\t\xc3\xa4\xa5label\xa2\xc2\xa0'
		printf '\x82\xa3end\x02\xa4xxh3\xc0'
	} >foreign.sn
	run -0 sn-pair --all -t foreign.sn
	[ "$output" = 'a\x1b[2J'$'\t''b\x09ä'$'\t''different' ]
	cp foreign.sn items.sn
	sn-cat -t items.sn >out
	run ! grep -q $'[\x1b\x9b]' out
}

# --- other readers of the same format ------------------------------------------------------

python_or_skip() {
	[ -x /usr/bin/python3 ] || skip "/usr/bin/python3 is absent"
	/usr/bin/python3 -c 'import msgpack_numpy' 2>/dev/null || skip "python3-msgpack-numpy is absent"
}

@test "stream: ten lines of Python read items, embeddings and models as arrays" {
	python_or_skip
	cat >read.py <<-'END'
		import msgpack, msgpack_numpy, numpy, sys
		for name in sys.argv[1:]:
		    with open(name, "rb") as f:
		        for m in msgpack.Unpacker(f, object_hook=msgpack_numpy.decode):
		            if "x" in m:
		                x = m["x"]
		                assert isinstance(x, numpy.ndarray)
		                print(m.get("key", m.get("param")), x.dtype.str, x.shape, float(x.sum()))
	END
	run -0 /usr/bin/python3 read.py "$here/items.sn" "$here/embedded.sn" "$here/w.bin"
	[ "${#lines[@]}" -eq 20 ]
	[[ ${lines[0]} == 'faces/a/1.pgm |u1 (4, 4, 1) '*'.0' ]]
	[[ ${lines[9]} == 'faces/a/1.pgm <f4 (3,) '* ]]
	[[ ${lines[18]} == 'fc1.weight <f4 (3, 16) '* ]]
	[[ ${lines[19]} == 'fc1.bias <f4 (3,) '* ]]
}

@test "stream: our tensors are byte for byte those of msgpack_numpy, and its streams are read" {
	python_or_skip
	cat >same.py <<-'END'
		import msgpack, msgpack_numpy, sys
		out = sys.stdout.buffer
		for m in msgpack.Unpacker(sys.stdin.buffer, object_hook=msgpack_numpy.decode):
		    if "end" in m:
		        m["xxh3"] = None # a foreign writer that has no sum
		    if isinstance(m.get("d"), float):
		        sys.exit("floats of 32 bits come back as 64")
		    out.write(msgpack.packb(m, default=msgpack_numpy.encode))
	END
	for f in items.sn pairs.sn embedded.sn; do
		/usr/bin/python3 same.py <"$here/$f" >python.sn
		n=$(($(wc -c <"$here/$f") - 9))
		cmp <(head -c $n "$here/$f") <(head -c $n python.sn)
		sn-cat python.sn | cmp - "$here/$f"
	done
}

@test "stream: the filter in sn-stream(5) is complete" {
	for cc in "${CC:-cc}" gcc clang; do command -v "$cc" >/dev/null && break; done
	command -v "$cc" >/dev/null || skip "no C compiler"
	sed -n '/sn-unit - embeddings in/,/^\.Ed/p' "$ROOT/man/sn-stream.5" | sed -e '/^\.Ed/d' -e 's/\\e/\\/g' -e 's/\\&//g' -e 's/\\-/-/g' >sn-unit.c
	flags=
	[[ $BUILD != *asan* ]] || flags=-fsanitize=address,undefined
	# shellcheck disable=SC2086
	$cc $flags -std=gnu11 -Wall -Wextra -Werror -I"$ROOT/include" sn-unit.c -L"$BUILD" -lsn -lm -Wl,-rpath,"$BUILD" -o sn-unit
	embeddings e.sn a '[3,4]' b '[0,0]' - '[0,-2]'
	./sn-unit <e.sn >u.sn
	embeddings wanted.sn a '[0.6,0.8]' b '[0,0]' - '[0,-1]'
	sn-cmp --rel 1e-6 u.sn wanted.sn
	./sn-unit <"$here/embedded.sn" | sn-dist -t >/dev/null
	(unset SN_NO_HISTORY && ./sn-unit <e.sn | sn-cat -t | grep -q '"history":\[{"cmd":"sn-unit","version":"1","options":{}}\]')
	# what the page promises of it
	for f in truncated bad-sum nan empty rubbish-after-end; do
		run -1 --separate-stderr ./sn-unit <"$BROKEN/$f.sn"
		# shellcheck disable=SC2154 # run sets it
		[[ $stderr == "sn-unit: "* ]]
	done
	run -1 --separate-stderr bash -c './sn-unit <e.sn >/dev/full'
	[[ $stderr == "sn-unit: "*"no space"* ]]
	run -1 --separate-stderr ./sn-unit <"$here/distances.sn"
	[[ $stderr == *"this is distances, wanted items or pairs"* ]]
}
