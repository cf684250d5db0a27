load helper

# distances FILE "HEADER KEYS" ITEM... : lines of pairs on standard input; ITEM is LABEL, LABEL! (forged) or - (no label)
distances() {
	local file=$1 keys=$2 n=0 label forged pairs
	shift 2
	pairs=$(cat)
	{
		echo '{"sn":1,"kind":"distances"'"${keys:+,$keys}"'}'
		for label; do
			forged=
			[[ $label != *! ]] || forged=',"forged":true'
			label='"'${label%!}'"'
			[ "$label" != '"-"' ] || label=null
			echo '{"item":'$n',"key":"k'$n'","label":'"$label$forged"'}'
			n=$((n + 1))
		done
		[ -z "$pairs" ] || echo "$pairs"
		echo '{"end":'$((n + $(grep -c . <<<"$pairs")))'}'
	} | json_stream "$file"
}

# by_hand FILE ["HEADER KEYS"]: same at 1 2 3 5, different at 4 5 6 7 8
by_hand() {
	{
		for d in 3 1 2 5; do echo '{"pair":[0,1],"same":true,"d":'$d.0'}'; done
		for d in 4 6 5 8 7; do echo '{"pair":[0,2],"same":false,"d":'$d.0'}'; done
	} | distances "$1" "${2:-}" a a b
}

# value MEASURE: of the table in $output
value() {
	awk -F '\t' -v m="$1" '$1 == m { print $2 }' <<<"$output"
}
row() {
	awk -F '\t' -v m="$1" '$1 == m' <<<"$output"
}
# near A B: within 1e-8
near() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a - b < 1e-8 && b - a < 1e-8) }' || { echo "$1, wanted $2"; false; }
}

refuses() {
	local words=$1
	shift
	run -1 --separate-stderr "$@"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *"$words"* ]] || { echo "wanted '$words', got: $stderr"; false; }
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	[ -z "$output" ]
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "sn-eval: by hand" {
	by_hand d.sn
	run -0 --separate-stderr sn-eval d.sn
	[ "${lines[0]}" = $'measure\tvalue\tlower\tupper\tn' ]
	[ "$(row same)" = $'same\t4\t-\t-\t9' ]
	[ "$(row different)" = $'different\t5\t-\t-\t9' ]
	[ "$(value missing)" = 0 ]
	near "$(value auc)" 0.925
	near "$(value eer)" 0.225
	[ "$(value eer-threshold)" = 4 ]
	near "$(value best-accuracy)" 0.875
	[ "$(value best-threshold)" = 3 ]
	near "$(value mean-same)" 2.75
	near "$(value mean-different)" 6
	# no threshold of its own: at equal error, and it is said
	[ "$(value threshold)" = 4 ]
	near "$(value far)" 0.2
	near "$(value frr)" 0.25
	near "$(value accuracy)" 0.775
	[[ $stderr == "sn-eval: "*"equal error"* ]]
	# Clopper-Pearson of 1 in 5
	near "$(cut -f 3 <<<"$(row far)")" 0.00505076338
	near "$(cut -f 4 <<<"$(row far)")" 0.716417936
	[ -z "$(row nway-accuracy)" ]
	[ -z "$(row eer-skilled)" ]
}

@test "sn-eval: rates at the threshold of -T, --far or the stream" {
	by_hand d.sn
	run -0 --separate-stderr sn-eval -T 5 d.sn
	[ -z "$stderr" ]
	[ "$(value threshold)" = 5 ]
	near "$(value far)" 0.4
	near "$(value frr)" 0
	run -0 --separate-stderr sn-eval -T 4.99 d.sn
	near "$(value far)" 0.2
	near "$(value frr)" 0.25
	run -0 --separate-stderr sn-eval --far 0.4 d.sn
	[ "$(value threshold)" = 5 ]
	run -0 --separate-stderr sn-eval --far 0.39 d.sn
	[ "$(value threshold)" = 4 ]
	run -0 --separate-stderr sn-eval --far 0 d.sn
	[ "$(value threshold)" = 3 ]
	by_hand d.sn '"threshold":2.0'
	run -0 --separate-stderr sn-eval d.sn
	[ -z "$stderr" ]
	[ "$(value threshold)" = 2 ]
	near "$(value frr)" 0.5
	run -0 --separate-stderr sn-eval -T 5 d.sn
	[ "$(value threshold)" = 5 ]
}

@test "sn-eval: a threshold as printed accepts the pair that it came from" {
	{
		echo '{"pair":[0,1],"same":true,"d":0.1}'
		echo '{"pair":[0,1],"same":true,"d":0.7}'
		echo '{"pair":[0,2],"same":false,"d":0.8}'
		echo '{"pair":[0,2],"same":false,"d":0.9}'
	} | distances d.sn "" a a b
	run -0 --separate-stderr sn-eval d.sn
	t=$(value eer-threshold)
	run -0 --separate-stderr sn-eval -T "$t" d.sn
	[ "$(value frr)" = 0 ]
	[ "$(value threshold)" = "$t" ]
}

@test "sn-eval: all sections are one set" {
	by_hand d.sn
	sn-eval -T 4 d.sn >one
	cat d.sn d.sn | sn-eval -T 4 >two
	run -0 cat two
	[ "$(row same)" = $'same\t8\t-\t-\t18' ]
	[ "$(cut -f 1,2 one | grep -E '^(auc|eer|far|frr|best)')" = "$(cut -f 1,2 two | grep -E '^(auc|eer|far|frr|best)')" ]
	by_hand other.sn '"distance":"cosine"'
	cat d.sn other.sn >mixed.sn
	refuses "another distance" sn-eval mixed.sn
}

@test "sn-eval: losses carry distances too" {
	by_hand d.sn '"distance":"euclidean"'
	sn-eval -T 4 d.sn >from-distances
	sn-loss d.sn | sn-eval -T 4 | cmp - from-distances
}

@test "sn-eval: random and skilled impostors apart" {
	{
		for d in 1 2 3 4; do echo '{"pair":[0,1],"same":true,"d":'$d.0'}'; done
		# forgeries of a: near; others: far
		for d in 3 4 5; do echo '{"pair":[0,2],"same":false,"d":'$d.5'}'; done
		for d in 7 8; do echo '{"pair":[0,3],"same":false,"d":'$d.0'}'; done
		# a forgery of somebody else is a random impostor
		echo '{"pair":[3,2],"same":false,"d":2.0}'
	} | distances d.sn "" a a 'a!' b
	run -0 --separate-stderr sn-eval -T 4 d.sn
	[ "$(value different)" = 6 ]
	[ "$(value different-skilled)" = 3 ]
	[ "$(value different-random)" = 3 ]
	near "$(value far)" 0.333333333
	near "$(value far-skilled)" 0.333333333
	near "$(value far-random)" 0.333333333
	# 4 > 3.5 alone
	near "$(value auc-skilled)" "$(awk 'BEGIN { printf "%.9g", 11 / 12 }')"
	# 2 = 2, 2 < 3, 2 < 4
	near "$(value auc-random)" "$(awk 'BEGIN { printf "%.9g", 9.5 / 12 }')"
	[ -n "$(row eer-skilled)" ]
	[ -n "$(row eer-random)" ]
}

@test "sn-eval: hull, detection cost, and match rates by hand" {
	by_hand d.sn
	run -0 --separate-stderr sn-eval d.sn
	near "$(value eer-hull)" "$(awk 'BEGIN { printf "%.9g", 0.25 / 1.625 }')"
	near "$(value mindcf@p=0.01)" 0.25
	near "$(value mindcf@p=0.001)" 0.25
	[ "$(row far | cut -f 2-)" = "$(row fmr | cut -f 2-)" ]
	[ "$(row frr | cut -f 2-)" = "$(row fnmr | cut -f 2-)" ]
	[ -z "$(row hter)" ]
	[ -z "$(row dev-eer)" ]
}

@test "sn-eval: --roc writes the corners of the curve" {
	by_hand d.sn
	run -0 --separate-stderr sn-eval --roc roc.tsv d.sn
	[ "${lines[0]}" = $'measure\tvalue\tlower\tupper\tn' ]
	diff roc.tsv - <<<$'far\tfrr\ttar\tthreshold
0\t1\t0\t-inf
0\t0.25\t0.75\t3
0.2\t0.25\t0.75\t4
0.4\t0\t1\t5
1\t0\t1\t8'
	sn-eval -q -o table --roc - d.sn | cmp - roc.tsv
	diff table - <<<"$output"
	run -1 --separate-stderr sn-eval --roc /dev/full d.sn
	[ -z "$output" ]
	[[ $stderr == *"no space left"* ]]
	echo '{"pair":[0,1],"same":true,"trial":0,"d":1.0}' | distances trial.sn "" a a
	refuses "different" sn-eval --roc none.tsv trial.sn
	[ ! -e none.tsv ]
}

# development FILE ["HEADER KEYS"]: same at 1 and 3, different at 2 6 7 8: FAR 1/4 and FRR 0 at 3
development() {
	{
		for d in 1 3; do echo '{"pair":[0,1],"same":true,"d":'$d.0'}'; done
		for d in 2 6 7 8; do echo '{"pair":[0,2],"same":false,"d":'$d.0'}'; done
	} | distances "$1" "${2:-}" a a b
}

@test "sn-eval: --dev: half total error at a threshold from elsewhere" {
	by_hand d.sn '"threshold":7.0'
	development dev.sn
	run -0 --separate-stderr sn-eval --dev dev.sn d.sn
	[ -z "$stderr" ]
	# as far apart at 2 (1/4, 1/2), and the sum is larger there
	near "$(value dev-eer)" 0.125
	[ "$(cut -f 5 <<<"$(row dev-eer)")" = 6 ]
	[ "$(value threshold)" = 3 ]
	near "$(value hter)" 0.125
	near "$(value far)" 0
	near "$(value frr)" 0.25
	near "$(value accuracy)" 0.875
	run -0 --separate-stderr sn-eval --dev dev.sn --far 0.5 d.sn
	[ "$(value threshold)" = 6 ]
	near "$(value hter)" 0.3
	sn-eval --dev - d.sn <dev.sn >piped
	sn-eval --dev dev.sn d.sn | cmp - piped
}

@test "sn-eval: a development set that is none" {
	by_hand d.sn '"distance":"euclidean","model":{"dim":2,"distance":"euclidean","head":null,"margin":1.0,"threshold":null,"xxh3":17}'
	development other.sn '"distance":"euclidean","model":{"dim":2,"distance":"euclidean","head":null,"margin":1.0,"threshold":null,"xxh3":18}'
	refuses "another model" sn-eval --dev other.sn d.sn
	development cosine.sn '"distance":"cosine"'
	refuses "cosine" sn-eval --dev cosine.sn d.sn
	development silent.sn '"distance":"euclidean"'
	run -0 --separate-stderr sn-eval --dev silent.sn d.sn
	[[ $stderr == *"silent.sn does not say which model"* ]]
	echo '{"pair":[0,1],"same":true,"d":1.0}' | distances same.sn '"distance":"euclidean"' a a
	refuses "same.sn: no pair is of different classes" sn-eval --dev same.sn d.sn
	refuses "empty" sn-eval --dev /dev/null d.sn
	refuses "nowhere.sn" sn-eval --dev nowhere.sn d.sn
	echo '{"pair":[0,2],"same":false,"d":1.0}
{"pair":[0,1],"same":true,"d":2.0}' | distances near.sn '"distance":"euclidean"' a a b
	refuses "different pairs of near.sn" sn-eval -q --dev near.sn --far 0.1 d.sn
}

@test "sn-eval: failures to acquire are rejections" {
	{
		for d in 1 2 9; do echo '{"pair":[0,1],"same":true,"d":'$d.0'}'; done
		for d in 3 8 9; do echo '{"pair":[0,2],"same":false,"d":'$d.0'}'; done
		echo '{"pair":[0,3],"same":false,"d":null}'
		echo '{"pair":[0,3],"same":true,"d":null}'
	} | distances d.sn "" a a b -
	run -0 --separate-stderr sn-eval -T 4 d.sn
	near "$(value failure-to-acquire)" 0.25
	near "$(value fmr)" 0.333333333
	near "$(value fnmr)" 0.333333333
	near "$(value far)" 0.25
	near "$(value frr)" 0.5
	near "$(value accuracy)" 0.625
	# the ends are those of the match rate, moved alike
	near "$(cut -f 4 <<<"$(row far)")" "$(awk -v u="$(cut -f 4 <<<"$(row fmr)")" 'BEGIN { printf "%.9g", u * 0.75 }')"
	near "$(cut -f 3 <<<"$(row frr)")" "$(awk -v l="$(cut -f 3 <<<"$(row fnmr)")" 'BEGIN { printf "%.9g", 0.25 + l * 0.75 }')"
}

@test "sn-eval: pictures that could not be decoded are failures to acquire" {
	by_hand whole.sn
	sn-cat -t whole.sn | sed 's/^{"end":12/&,"failed":1/' | json_stream d.sn
	run -0 --separate-stderr sn-eval -T 5 d.sn
	[ "$(row failed)" = $'failed\t1\t-\t-\t4' ]
	near "$(value failure-to-acquire)" 0.25
	near "$(value fmr)" 0.4
	near "$(value far)" 0.3
	near "$(value fnmr)" 0
	near "$(value frr)" 0.25
	cat d.sn d.sn >two.sn
	run -0 --separate-stderr sn-eval -T 5 two.sn
	[ "$(row failed)" = $'failed\t2\t-\t-\t8' ]
}

@test "sn-eval: missing pictures are counted" {
	{
		echo '{"pair":[0,1],"same":true,"d":1.0}'
		echo '{"pair":[0,2],"same":false,"d":2.0}'
		echo '{"pair":[0,3],"same":false,"d":null}'
		echo '{"pair":[0,1],"same":null,"d":9.0}'
	} | distances d.sn "" a a b -
	run -0 --separate-stderr sn-eval -T 1 d.sn
	[ "$(row missing)" = $'missing\t1\t-\t-\t4' ]
	[ "$(value failure-to-acquire)" = 0.25 ]
	[ "$(value unknown)" = 1 ]
	[ "$(value different)" = 1 ]
}

@test "sn-eval: N-way trials" {
	{
		# right by the mean, though the nearest single one is another's
		echo '{"pair":[0,1],"same":true,"trial":0,"d":2.0}'
		echo '{"pair":[0,3],"same":false,"trial":0,"d":1.0}'
		echo '{"pair":[0,2],"same":true,"trial":0,"d":2.5}'
		echo '{"pair":[0,4],"same":false,"trial":0,"d":5.0}'
		# a tie is wrong
		echo '{"pair":[0,1],"same":true,"trial":1,"d":2.0}'
		echo '{"pair":[0,3],"same":false,"trial":1,"d":2.0}'
		# wrong
		echo '{"pair":[0,1],"same":true,"trial":5,"d":2.0}'
		echo '{"pair":[0,3],"same":false,"trial":5,"d":1.0}'
		# without a label each support is a class of its own
		echo '{"pair":[0,5],"same":true,"trial":6,"d":2.0}'
		echo '{"pair":[0,6],"same":false,"trial":6,"d":3.0}'
		echo '{"pair":[0,7],"same":false,"trial":6,"d":4.0}'
	} | distances d.sn "" a a a b b - - -
	run -0 --separate-stderr sn-eval d.sn
	[[ $(row nway-accuracy) == $'nway-accuracy\t0.5\t'*$'\t4' ]]
	near "$(value nway-chance)" "$(awk 'BEGIN { printf "%.9g", (3 / 2 + 1 / 3) / 4 }')"
	[ "$(value nway-ties)" = 1 ]
	# as many trials again, numbered anew
	cat d.sn d.sn >twice.sn
	run -0 --separate-stderr sn-eval twice.sn
	[[ $(row nway-accuracy) == $'nway-accuracy\t0.5\t'*$'\t8' ]]
}

@test "sn-eval: a constant network is right by no count" {
	{
		for t in 0 1 2; do
			echo '{"pair":[0,1],"same":true,"trial":'$t',"d":0.0}'
			echo '{"pair":[0,2],"same":false,"trial":'$t',"d":0.0}'
		done
	} | distances d.sn "" a a b
	run -0 --separate-stderr sn-eval d.sn
	[ "$(value nway-accuracy)" = 0 ]
	[ "$(value eer)" = 0.5 ]
	[ "$(value auc)" = 0.5 ]
	[ "$(value best-accuracy)" = 0.5 ]
	[ "$(value dprime)" = - ]
}

@test "sn-eval: a trial that lacks a distance is wrong" {
	{
		echo '{"pair":[0,1],"same":true,"trial":0,"d":1.0}'
		echo '{"pair":[0,2],"same":false,"trial":0,"d":null}'
		echo '{"pair":[0,1],"same":true,"trial":1,"d":1.0}'
		echo '{"pair":[0,3],"same":false,"trial":1,"d":2.0}'
	} | distances d.sn "" a a - b
	run -0 --separate-stderr sn-eval d.sn
	[ "$(value nway-accuracy)" = 0.5 ]
	[ "$(value nway-missing)" = 1 ]
}

# many FILE: pairs of 30 people with three pictures each, whose distances are anything
many() {
	local labels=()
	for ((i = 0; i < 90; i++)); do labels+=("p$((i / 3))"); done
	awk 'BEGIN {
		srand(3)
		for (i = 0; i < 90; i++) for (j = 0; j < i; j += 1 + (i + j) % 5) {
			same = int(i / 3) == int(j / 3)
			printf "{\"pair\":[%d,%d],\"same\":%s,\"d\":%.3f}\n", j, i, same ? "true" : "false", rand() + (same ? 0 : 0.5)
		}
	}' | distances "$1" "" "${labels[@]}"
}

@test "sn-eval: --bootstrap: intervals over identities" {
	many d.sn
	run -0 --separate-stderr sn-eval -T 0.8 d.sn
	plain=$output
	run -0 --separate-stderr sn-eval -T 0.8 --bootstrap 300 d.sn
	[ -z "$stderr" ]
	[ "$(value identities)" = 30 ]
	[ "$(value replicates)" = 300 ]
	# the values are the same, and the intervals hold them
	diff <(cut -f 1,2 <<<"$plain") <(cut -f 1,2 <<<"$output" | grep -v -e identities -e replicates)
	for m in auc eer eer-hull best-accuracy dprime tar@far=0.1 mindcf@p=0.01 far frr accuracy mean-same; do
		row "$m" | awk -F '\t' '{ exit !($3 != "-" && $3 <= $2 && $2 <= $4 && $3 < $4) }' || { row "$m"; false; }
	done
	[ "$(cut -f 3,4 <<<"$(row far)")" != "$(awk -F '\t' '$1 == "far" { print $3 "\t" $4 }' <<<"$plain")" ]
	# a function of seed and names alone
	sn-eval -q -T 0.8 --bootstrap 300 -j 1 d.sn >one
	sn-eval -q -T 0.8 --bootstrap 300 -j 5 d.sn | cmp - one
	sn-eval -q -T 0.8 --bootstrap 300 -s 1 d.sn | cmp - one
	run ! cmp -s one <(sn-eval -q -T 0.8 --bootstrap 300 -s 2 d.sn)
}

@test "sn-eval: --bootstrap: forgeries, failures, and sets without a spread" {
	{
		for i in 0 3 6 9; do
			echo '{"pair":['$i','$((i + 1))'],"same":true,"d":'$((i / 3)).0'}'
			echo '{"pair":['$i','$((i + 2))'],"same":false,"d":'$((i / 2)).5'}'
			echo '{"pair":[0,'$((i + 2))'],"same":false,"d":'$((9 - i)).25'}'
		done
		echo '{"pair":[0,12],"same":true,"d":null}'
	} | distances d.sn "" a a a! b b b! c c c! d d d! -
	run -0 --separate-stderr sn-eval -T 2.1 --bootstrap 100 d.sn
	[[ $stderr == *"only 5 identities"* ]]
	for m in eer-skilled auc-skilled far-skilled eer-random far frr; do
		row "$m" | awk -F '\t' '{ exit !($3 <= $2 && $2 <= $4 && $3 < $4) }' || { row "$m"; false; }
	done
	# where nothing differs from replicate to replicate, the interval of pairs stays
	{
		for i in 0 2 4; do echo '{"pair":['$i','$((i + 1))'],"same":true,"d":1.0}'; done
		for i in 0 2 4; do echo '{"pair":['$i','$(((i + 2) % 6))'],"same":false,"d":2.0}'; done
	} | distances apart.sn "" a a b b c c
	run -0 --separate-stderr sn-eval -q --bootstrap 50 apart.sn
	[ "$(row eer | cut -f 2-4)" = "$(sn-eval -q apart.sn | awk -F '\t' '$1 == "eer" { print $2 "\t" $3 "\t" $4 }')" ]
	awk -F '\t' '{ exit !($2 == 0 && $4 > 0.5) }' <<<"$(row eer)"
	by_hand two.sn
	run -0 --separate-stderr sn-eval --bootstrap 50 two.sn
	[[ $stderr == *"only 2 identities"* ]]
	echo '{"pair":[0,1],"same":true,"d":1.0}
{"pair":[0,1],"same":false,"d":2.0}' | distances one.sn "" a a
	refuses "one identity" sn-eval -q --bootstrap 50 one.sn
}

# searched FILE: probes 0 (a), 1 (b), 2 (c, no mate), 3 (d, no mate) against a, a, b, e
searched() {
	{
		for d in true:1 true:5 false:2 false:3; do echo "$d"; done | nl -v 4 -w 1 -s : | sed 's/^/0:/'
		for d in false:1 false:3 true:2 false:4; do echo "$d"; done | nl -v 4 -w 1 -s : | sed 's/^/1:/'
		for d in false:4 false:3 false:8 false:9; do echo "$d"; done | nl -v 4 -w 1 -s : | sed 's/^/2:/'
		for d in false:6 false:7 false:8 false:9; do echo "$d"; done | nl -v 4 -w 1 -s : | sed 's/^/3:/'
	} | awk -F : '{ printf "{\"pair\":[%d,%d],\"same\":%s,\"d\":%d.0}\n", $1, $2, $3, $4 }' |
		distances "$1" "" a b c d a a b e
}

@test "sn-eval: --identify by hand" {
	searched d.sn
	run -0 --separate-stderr sn-eval -T 2 --identify --cmc cmc.tsv d.sn
	[ "$(row probes)" = $'probes\t4\t-\t-\t4' ]
	[ "$(value probes-unmated)" = 2 ]
	[[ $(row rank-1) == $'rank-1\t0.5\t'*$'\t2' ]]
	[ -z "$(row rank-5)" ]
	diff cmc.tsv - <<<$'rank\tshare\n1\t0.5\n2\t1\n3\t1'
	# at 2 probe 0 is named rightly, 1 wrongly, and of those without a mate none is answered
	[[ $(row dir) == $'dir\t0.5\t'*$'\t2' ]]
	[[ $(row fpir) == $'fpir\t0\t'*$'\t2' ]]
	run -0 --separate-stderr sn-eval -T 3 --identify d.sn
	[ "$(value fpir)" = 0.5 ]
	# pairs are pairs all the same
	[ "$(value same)" = 3 ]
	[ -n "$(row eer)" ]
	# without the option there is none of it
	run -0 --separate-stderr sn-eval -T 3 d.sn
	[ -z "$(row probes)" ]
	# two sections are twice as many probes
	cat d.sn d.sn >twice.sn
	run -0 --separate-stderr sn-eval -T 2 --identify twice.sn
	[ "$(value probes)" = 8 ]
	[ "$(value rank-1)" = 0.5 ]
}

@test "sn-eval: --identify: detection at a rate of false alarms" {
	# ten probes with a mate at 1 to 10, ten without, nearest at 4 to 13
	{
		for ((i = 0; i < 10; i++)); do
			echo '{"pair":['$i',20],"same":true,"d":'$((i + 1)).0'}'
			echo '{"pair":['$((i + 10))',20],"same":false,"d":'$((i + 4)).0'}'
		done
	} | distances d.sn "" a a a a a a a a a a b b b b b b b b b b a
	run -0 --separate-stderr sn-eval -T 100 --identify d.sn
	# one of ten: up to 4
	near "$(value dir@fpir=0.1)" 0.4
	[ -z "$(row dir@fpir=0.01)" ]
	[ "$(value dir)" = 1 ]
	[ "$(value fpir)" = 1 ]
}

@test "sn-eval: --identify: what is no gallery" {
	echo '{"pair":[0,1],"same":null,"d":1.0}' | distances unknown.sn "" - -
	refuses "not known to be same or different" sn-eval --identify unknown.sn
	by_hand window.sn '"window":3'
	refuses "window" sn-eval --identify window.sn
	# a probe without its mate's distance is never found
	{
		echo '{"pair":[0,1],"same":true,"d":1.0}'
		echo '{"pair":[0,2],"same":false,"d":null}'
	} | distances missing.sn "" a a -
	run -0 --separate-stderr sn-eval --identify missing.sn
	[ "$(value probes-missing)" = 1 ]
	[ "$(value rank-1)" = 0 ]
	[[ $stderr == *different* ]]
	# only strangers: no rank, no curve
	echo '{"pair":[0,1],"same":false,"d":1.0}' | distances strangers.sn "" a b
	run -0 --separate-stderr sn-eval -T 1 --identify strangers.sn
	[ "$(value fpir)" = 1 ]
	[ -z "$(row rank-1)" ]
	refuses "no probe has a mate" sn-eval -q -T 1 --identify --cmc none.tsv strangers.sn
	[ ! -e none.tsv ]
}

# planted: pictures of four signers with a genuine grey of 234 to 245 and a forged one of 249 to 254; their distances
planted() {
	mkdir scans
	for s in 1 2 3 4; do
		mkdir "scans/$s"
		for i in 1 2 3 4; do
			picture "scans/$s/original_$i.pgm" 12 9 $((233 + s + 2 * i))
			picture "scans/$s/forged_$i.pgm" 12 9 $((247 + (s > 2) + i + i % 2))
		done
	done
	sn-init lenet -o w.bin
	sn-pair --all --label '/([0-9])/orig' --forged '/([0-9])/forg' scans | sn-embed -m w.bin | sn-dist >d.sn
}

@test "sn-eval: --leak finds what was planted" {
	planted
	run -0 --separate-stderr sn-eval -q --leak scans d.sn
	[ "$(value leak-median-grey-forged)" = 1 ]
	[ "$(value leak-mean-grey-forged)" = 1 ]
	[[ $(row leak-mean-grey-forged) == *$'\t32' ]]
	# what all pictures have in common tells nothing
	for f in contrast ink sharpness colour width height pixels type; do
		[ "$(value leak-$f)" = 0.5 ]
		[ "$(value leak-$f-random)" = 0.5 ]
		[ "$(value leak-$f-skilled)" = 0.5 ]
		[ "$(value leak-$f-forged)" = 0.5 ]
	done
	# beside the results, and on standard error
	[ "$(value auc-forged-leak)" = 1 ]
	[ "$(value eer-forged-leak)" = 0 ]
	[ "$(grep -A 1 '^eer-skilled' <<<"$output" | tail -n 1 | cut -f 1)" = auc-skilled-leak ] ||
		[ "$(grep -A 1 '^eer-skilled' <<<"$output" | tail -n 1 | cut -f 1)" = auc-forged-leak ]
	[[ $stderr == *"warning: mean-grey alone tells genuine from forged pictures with an area of 1.00"* ]]
	# the other measures are what they were
	diff <(grep -v leak <<<"$output") <(sn-eval -q d.sn)
	# a stream of the pictures, or a pipe of one, knows the same
	sn-load scans >scans.sn
	sn-eval -q --leak scans.sn d.sn 2>/dev/null | diff - <(echo "$output")
	sn-eval -q --leak - d.sn <scans.sn 2>/dev/null | diff - <(echo "$output")
	# nothing is news where all is allowed
	run -0 --separate-stderr sn-eval -q --leak scans --leak-limit 1 d.sn
	[ -z "$stderr" ]
	[ -z "$(row auc-forged-leak)" ]
	[ "$(value leak-mean-grey-forged)" = 1 ]
}

@test "sn-eval: --leak: classes by size, type and colour" {
	for c in 1 2 3; do
		mkdir -p "kinds/$c"
		for i in 1 2 3; do picture "kinds/$c/$i.pgm" $((20 + c)) 20 100; done
	done
	mkdir kinds/4
	for i in 1 2 3; do "$BUILD/tests/make_png" 20 20 4 $i >"kinds/4/$i.png"; done
	sn-init lenet -o w.bin
	sn-pair --all kinds | sn-embed -m w.bin | sn-dist >d.sn
	run -0 --separate-stderr sn-eval -q --leak kinds/ d.sn
	[ "$(value leak-width)" = 1 ]
	[ "$(value leak-pixels)" = 1 ]
	[ "$(value leak-height)" = 0.5 ]
	# equal or not: 27 of 54 different pairs are of two types
	near "$(value leak-type)" 0.75
	[ "$(value auc-leak)" = 1 ]
	[ "$(value eer-leak)" = 0 ]
	[ -z "$(row leak-width-random)" ]
	[ -z "$(row leak-width-forged)" ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	[[ $stderr == *"same from different pairs with an area of 1.00"* ]]
	# without sn-load's word on the file, its bytes and type are not known
	sn-load kinds | sn-cat -t | sed 's/,"file":{[^}]*}//' | json_stream bare.sn
	run -0 --separate-stderr sn-eval -q --leak bare.sn d.sn
	[ "$(value leak-width)" = 1 ]
	[ -z "$(row leak-type)" ]
	[ -z "$(row leak-bytes)" ]
}

@test "sn-eval: --leak on signatures without one" {
	need_data cedar-ink.tar.xz
	cd data
	sn-init lenet -o w.bin
	sn-load --label '/([0-9]+)/orig' --forged '/([0-9]+)/forg' cedar-ink | sn-embed -m w.bin |
		sn-pair -n 8000 | sn-dist >d.sn
	run -0 --separate-stderr sn-eval -q --leak cedar-ink d.sn
	[ -z "$stderr" ]
	awk -v a="$(value leak-mean-grey-forged)" 'BEGIN { exit !(a >= 0.5 && a < 0.6) }'
	[ "$(value leak-median-grey-forged)" = 0.5 ]
	[ -z "$(row auc-forged-leak)" ]
}

@test "sn-eval: --leak: pictures that are none, or not these" {
	planted
	(cd scans && sn-load 1 2 3 4) >elsewhere.sn
	refuses "'scans/1/forged_1.pgm' is the key of none of the 32 pictures" sn-eval -q --leak elsewhere.sn d.sn
	refuses "nowhere" sn-eval -q --leak nowhere d.sn
	mkdir empty
	refuses "empty" sn-eval -q --leak empty d.sn
	refuses "wanted" sn-eval -q --leak d.sn d.sn
	sn-load scans | sn-embed -m w.bin >embedded.sn
	refuses "wanted a picture" sn-eval -q --leak embedded.sn d.sn
	echo text >text
	run -1 --separate-stderr sn-eval -q --leak text d.sn
	[ -z "$output" ]
	[[ $stderr == *"'text'"*"no pictures"* ]]
	{
		sn-load scans/1
		sn-load scans/2 | sn-cat -t | sed 's,scans/2,scans/1,' | sn-cat --from-json
	} >double.sn
	refuses "two different pictures" sn-eval -q --leak double.sn d.sn
}

@test "sn-eval: an empty class is an error that says what to do" {
	echo '{"pair":[0,1],"same":true,"d":1.0}' | distances same.sn "" a a
	refuses "sn-pair" sn-eval same.sn
	echo '{"pair":[0,1],"same":false,"d":1.0}' | distances different.sn "" a b
	refuses "sn-pair" sn-eval different.sn
	echo '{"pair":[0,1],"same":null,"d":1.0}' | distances unknown.sn "" - -
	refuses "label" sn-eval unknown.sn
	echo -n | distances none.sn "" a b
	refuses "sn-eval: " sn-eval none.sn
	# trials alone still have their result
	echo '{"pair":[0,1],"same":true,"trial":0,"d":1.0}' | distances trial.sn "" a a
	run -0 --separate-stderr sn-eval trial.sn
	[[ $(row nway-accuracy) == $'nway-accuracy\t1\t'* ]]
	[ -z "$(row eer)" ]
	[[ $stderr == *different* ]]
}

@test "sn-eval: a share that no threshold reaches" {
	{
		echo '{"pair":[0,1],"same":true,"d":2.0}'
		echo '{"pair":[0,2],"same":false,"d":1.0}'
	} | distances d.sn "" a a b
	refuses "--far" sn-eval --far 0.5 d.sn
}

@test "sn-eval: a file, standard input and - are the same" {
	by_hand d.sn
	sn-eval -T 4 d.sn >file
	sn-eval -T 4 <d.sn >stdin
	sn-eval -T 4 - <d.sn >dash
	sn-eval -T 4 -o named d.sn
	cmp file stdin
	cmp file dash
	cmp file named
}

@test "sn-eval: the rates of ten thousand pairs have the intervals of the textbook" {
	{
		echo '{"pair":[0,2],"same":false,"d":2.0}'
		seq -f '{"pair":[0,1],"same":true,"d":1.%05.0f}' 1 9856
		seq -f '{"pair":[0,1],"same":true,"d":3.%05.0f}' 1 144
	} | distances d.sn "" a a b
	run -0 --separate-stderr sn-eval -T 2 d.sn
	[ "$(value frr)" = 0.0144 ]
	awk -F '\t' '{ exit !($3 > 1 - 0.987845 && $3 < 1 - 0.987835 && $4 > 1 - 0.983075 && $4 < 1 - 0.983065) }' <<<"$(row frr)"
}

@test "sn-eval: wrong kinds" {
	embeddings items.sn a "[0,0]" b "[3,4]"
	refuses "this is items" sn-eval items.sn
	printf '%s\n' '{"sn":1,"kind":"distances"}' '{"item":0,"key":"a","label":"a"}' \
		'{"item":1,"key":"b","label":"a"}' '{"pair":[0,1],"same":true}' '{"end":3}' | json_stream bare.sn
	refuses "'d'" sn-eval bare.sn
}

@test "sn-eval: a stream cut anywhere is damage" {
	by_hand d.sn
	local size
	size=$(wc -c <d.sn)
	for ((n = 1; n < size; n += 11)); do
		head -c "$n" d.sn >cut.sn
		refuses "sn-eval: " sn-eval cut.sn
	done
}

@test "sn-eval: any byte changed is damage" {
	by_hand in.sn
	local size byte
	size=$(wc -c <in.sn)
	for ((n = 3; n < size; n += 13)); do
		byte=$(od -An -tu1 -j "$n" -N 1 in.sn)
		{
			head -c "$n" in.sn
			# shellcheck disable=SC2059 # the format is the byte
			printf "\\x$(printf %x $((byte ^ 1 << n % 8)))"
			tail -c +$((n + 2)) in.sn
		} >changed.sn
		run -1 --separate-stderr sn-eval changed.sn
		[[ $stderr == "sn-eval: "* ]]
	done
}

@test "sn-eval: nothing is an error unless it may be" {
	refuses "empty" sn-eval /dev/null
	run -0 sn-eval --allow-empty /dev/null
	[ -z "$output" ]
}

@test "sn-eval: a full disk is not success" {
	by_hand d.sn
	run -1 --separate-stderr bash -c 'sn-eval -T 4 d.sn >/dev/full'
	[[ $stderr == "sn-eval: "*"no space left"* ]]
}

@test "sn-eval: mistakes on the command line" {
	for mistake in "-T x" "--far 1.5" "--far -0.1" "-T 1 --far 0.1" "one two" "--nothing" "--calibrate -" "--calibrate" "--dev x -T 1" "--dev -" "--dev" "--dev x --calibrate w.bin" "--roc -" "--roc" "--bootstrap 9" "--bootstrap x" "--bootstrap" "-s 2" "--cmc x" "--leak -" "--leak" "--leak-limit 0.9" "--leak x --leak-limit 0.4" "--identify --cmc -" "--identify --cmc - --roc - -o x"; do
		# shellcheck disable=SC2086 # words are wanted
		run -2 --separate-stderr sn-eval $mistake
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
}

@test "sn-eval: -h" {
	run -0 --separate-stderr sn-eval -h
	[[ $output == "usage: sn-eval "* && -z $stderr ]]
}

# a model, folders of pictures, and the model's distances
calibration() {
	for i in 1 2 3 4; do
		mkdir -p "faces/c$i"
		for j in 1 2 3; do
			"$BUILD/tests/make_png" 32 32 "$i" "$j" >"faces/c$i/$j.png"
		done
	done
	sn-init lenet -o w.bin
	sn-pair --all faces | sn-embed -m w.bin | sn-dist >d.sn
}

@test "sn-eval: calibration writes the threshold, and nothing else changes" {
	calibration
	run -0 --separate-stderr sn-eval --calibrate w.bin -o new.bin d.sn
	[[ $stderr == "sn-eval: new.bin: threshold "*"(eer)"*"12 same and 54 different"* ]]
	eer=$(value eer-threshold)
	[ "$(value threshold)" = "$eer" ]
	sn-cat -t w.bin | head -n 1 | grep -vq '"protocol"'
	sn-cat -t new.bin | head -n 1 | grep -q '"protocol":"eer"'
	sn-cat -t new.bin | head -n 1 | grep -qF '"d":'"$eer"
	sn-cat -t w.bin | tail -n +2 | grep -v '^{"end"' >old
	sn-cat -t new.bin | tail -n +2 | grep -v '^{"end"' | cmp - old
	# the stream tells those behind it, and the weights are the same to them
	sn-pair --all faces | sn-embed -m new.bin | sn-dist >d2.sn
	run -0 --separate-stderr sn-eval d2.sn
	[ "$(value threshold)" = "$eer" ]
	run -0 --separate-stderr sn-eval --calibrate w.bin d2.sn
	cmp w.bin new.bin
}

@test "sn-eval: calibration in place keeps the mode and follows links" {
	calibration
	chmod 640 w.bin
	mkdir deep
	ln -s ../w.bin deep/link.bin
	before=$(stat -c %i w.bin)
	run -0 --separate-stderr sn-eval --calibrate deep/link.bin d.sn
	[ -L deep/link.bin ]
	[ "$(stat -c %a w.bin)" = 640 ]
	[ "$(stat -c %i w.bin)" != "$before" ]
	sn-cat -t w.bin | head -n 1 | grep -q '"protocol":"eer"'
	[ "$(find . -newer d.sn -name '*bin*' | wc -l)" -le 3 ]
}

@test "sn-eval: calibration for a FAR, or to a given threshold" {
	calibration
	run -0 --separate-stderr sn-eval --calibrate w.bin --far 0.1 d.sn
	sn-cat -t w.bin | head -n 1 | grep -q '"protocol":"far"'
	awk -v f="$(value far)" 'BEGIN { exit !(f <= 0.1) }'
	t=$(value threshold)
	run -0 --separate-stderr sn-eval --far 0.1 d.sn
	[ "$(value threshold)" = "$t" ]
	run -0 --separate-stderr sn-eval --calibrate w.bin -T 0.125 d.sn
	sn-cat -t w.bin | head -n 1 | grep -q '"protocol":"given"'
	sn-cat -t w.bin | head -n 1 | grep -q '"d":0.125'
}

@test "sn-eval: calibration says what it was chosen on, and how probable same is" {
	calibration
	run -0 --separate-stderr sn-eval --calibrate w.bin d.sn
	sn-cat -t w.bin | head -n 1 >header
	for key in '"data":[0-9]' '"same":12' '"different":54' '"measured_far_interval":\[' '"measured_frr_interval":\[' \
		'"probability":{"offset":-\?[0-9].*"prior":0.5,"slope":[0-9]'; do
		grep -q "$key" header || { echo "no $key"; false; }
	done
	# the interval is that of the table
	low=$(awk -F '\t' '$1 == "far" { print $3 }' <<<"$output")
	grep -qF "\"measured_far_interval\":[${low:0:8}" header
	# the same pairs in another order
	sn-load faces | sn-embed -m w.bin | sn-pair -n 20 | sn-dist >d1.sn
	sn-cat -t d1.sn | sed 's/,"xxh3":[0-9]*}$/}/' >lines
	{
		grep -v '"pair"\|"end"' lines
		grep '"pair"' lines | tac
		grep '"end"' lines
	} | json_stream d2.sn
	sn-eval -q --calibrate w.bin -o one.bin d1.sn >/dev/null
	sn-eval -q --calibrate w.bin -o two.bin d2.sn >/dev/null
	cmp one.bin two.bin
	# a model of older days has no such keys
	sn-cat -t w.bin | sed 's/"data":[0-9]*,//; s/"measured_f.._interval":[^]]*],//g; s/"probability":{[^}]*},//; s/,"xxh3":[0-9]*}$/}/' |
		json_stream old.bin
	[ "$(sn-cat -t old.bin | head -n 1 | grep -c 'probability\|interval\|data')" -eq 0 ]
	sn-pair --all faces | sn-embed -m old.bin | sn-dist | sn-eval >/dev/null
	sn-cat -t w.bin | sed 's/"prior":0.5,//; s/,"xxh3":[0-9]*}$/}/' | json_stream bad.bin
	refuses prior sn-eval --calibrate bad.bin d.sn
}

@test "sn-eval: calibration to standard output writes the model alone" {
	calibration
	run -0 --separate-stderr bash -c 'sn-eval --calibrate w.bin -o - d.sn >piped.bin'
	sn-eval -q --calibrate w.bin -o new.bin d.sn >table
	cmp piped.bin new.bin
	sn-eval -q --calibrate - -o new2.bin d.sn <w.bin >table2
	cmp new2.bin new.bin
	cmp table table2
}

@test "sn-eval: calibration refuses other distances" {
	calibration
	cp w.bin before.bin
	sn-init -s 2 lenet -o other.bin
	refuses "another model" sn-eval --calibrate other.bin d.sn
	sn-pair --all faces | sn-embed -m w.bin | sn-dist -d cosine >cosine.sn
	refuses "cosine" sn-eval --calibrate w.bin cosine.sn
	by_hand foreign.sn
	refuses "which model" sn-eval --calibrate w.bin foreign.sn
	head -c -3 d.sn >cut.sn
	refuses cut.sn sn-eval --calibrate w.bin cut.sn
	refuses absent.bin sn-eval --calibrate absent.bin d.sn
	head -c 1000 w.bin >cut.bin
	refuses cut.bin sn-eval --calibrate cut.bin d.sn
	cmp w.bin before.bin
}

@test "sn-eval: no room for the model leaves the old one" {
	calibration
	run -1 --separate-stderr bash -c 'sn-eval --calibrate w.bin -o /dev/full d.sn'
	[[ $stderr == *"no space left"* ]]
	[ -z "$output" ]
}

@test "sn-eval: distances that are all one are said, and no threshold comes of them" {
	calibration
	printf '%s\n' 'input 32x32x1' 'flatten' 'linear 4 init=normal:0,0 bias-init=normal:0,-1' 'relu' >dead.net
	sn-init -o w.bin dead.net
	cp w.bin before.bin
	sn-load faces | sn-embed -m w.bin | sn-pair | sn-dist -o d.sn
	run -0 --separate-stderr sn-eval d.sn
	[[ $stderr == *"distances are 0: the network tells nothing apart"* ]]
	refuses "tells nothing apart" sn-eval --calibrate w.bin d.sn
	refuses "tells nothing apart" sn-eval --calibrate w.bin --far 1 d.sn
	cmp w.bin before.bin
	run -0 sn-eval --calibrate w.bin -T 0.5 d.sn
}

# ---- several references ----

@test "sn-eval --fold: a trial is one pair, less what its references differ among themselves" {
	# references 0 and 1 at 0 and 2; genuine 2 at 1, forged 3 at 5
	embeddings i.sn a [0] a [2] a [1] a [5]
	sn-cat -t i.sn | sed 's/"key":"k3","label":"a"/&,"forged":true/' | json_stream f.sn
	{
		sn-cat -t f.sn | sed '/^{"end"/d; s/"kind":"items"/"kind":"pairs"/'
		echo '{"pair":[0,1],"same":true}'
		echo '{"pair":[2,0],"same":true,"trial":0}'
		echo '{"pair":[2,1],"same":true,"trial":0}'
		echo '{"pair":[3,0],"same":false,"trial":1}'
		echo '{"pair":[3,1],"same":false,"trial":1}'
		echo '{"end":9}'
	} | json_stream pairs.sn
	sn-dist pairs.sn -o d.sn
	for how in "mean 1 4" "min 1 3" "excess -1 2"; do
		read -r name same different <<<"$how"
		run -0 sn-eval -q --fold "$name" d.sn
		[[ $output == *$'mean-same\t'"$same"$'\t'* && $output == *$'mean-different\t'"$different"$'\t'* ]]
		[[ $output == *$'eer-skilled\t0\t'* && $output != *nway* ]]
	done
	run -2 --separate-stderr sn-eval --fold mean --identify d.sn
	[[ $stderr == *"--fold makes one distance"* ]]
}

@test "sn-eval --fold: streams that have no such trials" {
	embeddings i.sn a [0] a [2] b [1] b [5] a [3] b [9]
	sn-pair --all i.sn | sn-dist -o d.sn
	run -1 --separate-stderr sn-eval --fold mean d.sn
	[[ $stderr == *"no pair has a trial"*"sn-pair --references"* ]]
	sn-pair --trials 4 --way 2 i.sn | sn-dist -o d.sn
	run -1 --separate-stderr sn-eval --fold mean d.sn
	[[ $stderr == *"has same and different pairs"* ]]
	sn-pair --references 2 i.sn | sn-dist -o d.sn
	run -0 sn-eval -q --fold excess d.sn
	[[ $output == *$'eer\t'* ]]
}
