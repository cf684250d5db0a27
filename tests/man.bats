load helper

# The pages are without mistakes, and their examples run as they are printed.

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	local class n=0 name
	for class in anna ben carl dora; do
		n=$((n + 1))
		mkdir -p "faces/$class" "test/$class"
		for i in 1 2 3 4; do
			"$BUILD/tests/make_png" 32 32 $n $i >"faces/$class/$i.png"
			"$BUILD/tests/make_png" 32 32 $n $((i + 4)) >"test/$class/$i.png"
		done
	done
	"$BUILD/tests/make_png" 32 32 1 9 >a.png
	"$BUILD/tests/make_png" 32 32 1 10 >b.png
	sn-init lenet -o w.bin
	# published sets, small
	for class in 1 2 3; do
		mkdir -p "cedar-ink/$class" "sigcomp/00$class" "sigcomp/00${class}_forg" "lfw/P$class" \
			"all_runs/run0$class/test" "all_runs/run0$class/training"
		for i in 1 2 3; do
			picture "cedar-ink/$class/original_${class}_$i.pgm" 8 8 $((16 * class + i))
			picture "cedar-ink/$class/forgeries_${class}_$i.pgm" 8 8 $((16 * class + 8 + i))
			picture "sigcomp/00$class/00${class}_0$i.pgm" 8 8 $((16 * class + i))
			picture "sigcomp/00${class}_forg/011900${class}_0$i.pgm" 8 8 $((16 * class + 8 + i))
			picture "lfw/P$class/P${class}_000$i.pgm" 8 8 $((16 * class + i))
			picture "all_runs/run0$class/test/item0$i.pgm" 8 8 $((16 * class + i))
			picture "all_runs/run0$class/training/class0$i.pgm" 8 8 $((16 * class + 8 + i))
			echo "run0$class/test/item0$i.pgm run0$class/training/class0$i.pgm" >>"all_runs/run0$class/class_labels.txt"
		done
	done
	printf '2\t1\nP1\t1\t2\nP1\t1\tP2\t2\nP3\t1\t2\nP3\t1\tP2\t2\n' >pairs.txt
}

# lines PAGE: the example lines as they are typed: roff's escapes undone
lines() {
	sed -nE '/^\.Sh EXAMPLES/,/^\.Sh [^E]/ s/^\.Dl //p' "$1" |
		sed -e 's/\\&//g' -e 's/\\-/-/g' -e 's/\\(aq/'\''/g' -e 's/\\(dq/"/g' \
			-e 's/\\(ti/~/g' -e 's/\\(ha/^/g' -e 's/\\(ga/`/g' -e 's/\\e/\\/g'
}

check_page() {
	local page=$ROOT/man/$1 line printed status
	[ -f "$page" ]
	command -v mandoc >/dev/null || skip "mandoc is absent"
	mandoc -T lint -W warning "$page"
	printed=$(mandoc -T ascii -O width=1000 "$page" | sed $'s/.\b//g')
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return
	cp -r "$BATS_FILE_TMPDIR"/{faces,test,cedar-ink,sigcomp,lfw,all_runs,pairs.txt,a.png,b.png,w.bin} .
	while read -r line; do
		# what a reader copies is what is run here
		grep -qF -- "$line" <<<"$printed" || { echo "$1: is not printed so: $line"; return 1; }
		status=0
		bash -euo pipefail -c "$line" >out.txt 2>err.txt </dev/null || status=$?
		case $status:$line in
		0:* | 1:*sn-verify* | 1:*sn-cmp*) ;;
		*)
			echo "$1: exit status $status: $line"
			cat err.txt
			return 1
			;;
		esac
		rm -f out.txt err.txt
	done < <(lines "$page")
}

# examples_of PAGE: a page of a program shows how it is used
examples_of() {
	[ -n "$(lines "$ROOT/man/$1.1")" ] || { echo "man/$1.1 has no example"; return 1; }
	check_page "$1.1"
}

@test "man: sn-augment(1)" { examples_of sn-augment; }
@test "man: sn-cat(1)" { examples_of sn-cat; }
@test "man: sn-cmp(1)" { examples_of sn-cmp; }
@test "man: sn-dist(1)" { examples_of sn-dist; }
@test "man: sn-embed(1)" { examples_of sn-embed; }
@test "man: sn-eval(1)" { examples_of sn-eval; }
@test "man: sn-init(1)" { examples_of sn-init; }
@test "man: sn-load(1)" { examples_of sn-load; }
@test "man: sn-loss(1)" { examples_of sn-loss; }
@test "man: sn-pair(1)" { examples_of sn-pair; }
@test "man: sn-search(1)" { examples_of sn-search; }
@test "man: sn-split(1)" { examples_of sn-split; }
@test "man: sn-train(1)" { examples_of sn-train; }
@test "man: sn-verify(1)" { examples_of sn-verify; }
@test "man: sn-whiten(1)" { examples_of sn-whiten; }
@test "man: sn-net(5)" { check_page sn-net.5; }
@test "man: sn-stream(5)" { check_page sn-stream.5; }
@test "man: sn(7)" { check_page sn.7; }

@test "man: every page is tested here" {
	for f in "$ROOT"/man/*.[157]; do
		f=${f##*/}
		grep -q "man: ${f%.*}(${f##*.})" "$BATS_TEST_FILENAME" || { echo "no test for man/$f"; false; }
	done
}

@test "man: sn(7) names every program" {
	for p in "$BUILD"/bin/sn-*; do
		grep -qF "Xr ${p##*/} 1" "$ROOT/man/sn.7" || { echo "man/sn.7 lacks ${p##*/}"; false; }
	done
}

@test "man: every page that is referred to is there" {
	while read -r name section; do
		[[ $name != sn* ]] || [ -f "$ROOT/man/$name.$section" ] || { echo "no man/$name.$section"; false; }
	done < <(sed -nE 's/^\.Xr ([^ ]+) ([0-9]).*/\1 \2/p' "$ROOT"/man/*.[157] | sort -u)
}
