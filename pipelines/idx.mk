# idx - ten kinds of pictures in IDX files, 60,000 to learn from and 10,000 to measure on (Fashion-MNIST, MNIST):
#   seen    pairs of test pictures of all kinds, by a network that learned all kinds
#   unseen  pairs of test pictures of five kinds, by a network that learned the other five
# A pipeline includes it last, and says before it DATA, PACKAGE, INIT (more options of sn-init) and AUGMENT.
NET = ../fashion/residual.net
IMAGES = 60000
TESTS = 10000
PAIRS = 20000
CALIBRATION = 0.05
BATCH_seen = 10x20
BATCH_unseen = 5x40
EPOCHS ?= 12
EPOCHS_seen = $(EPOCHS)
EPOCHS_unseen = 4
RATE = 0.003

train = $(firstword $(wildcard $(DATA)/train-images*idx3-ubyte $(DATA)/train-images*idx3-ubyte.gz) $(DATA)/train-images-idx3-ubyte.gz)
test = $(firstword $(wildcard $(DATA)/t10k-images*idx3-ubyte $(DATA)/t10k-images*idx3-ubyte.gz) $(DATA)/t10k-images-idx3-ubyte.gz)

TASKS = seen unseen
PARTS = $(TASKS:%=$(OUT)/%/result.tsv)

.PHONY: pictures
pictures:
	@for file in '$(train)' '$(test)'; do [ -f "$$file" ] || { echo "make: '$$file' is absent: $(if $(PACKAGE),apt-get install $(PACKAGE)$(,) or )say DATA=FOLDER; see README.md" >&2; exit 1; }; done
, := ,

$(OUT)/train.sn: $(BIN)/sn-load | pictures
	mkdir -p $(OUT)
	sn-load $(train) | sn-cat --head $(IMAGES) > $@

$(OUT)/test.sn: $(BIN)/sn-load | pictures
	mkdir -p $(OUT)
	sn-load $(test) | sn-cat --head $(TESTS) > $@

# Five kinds to learn, drawn by the seed; the other five, and they alone, are measured.
$(OUT)/unseen/kinds.txt: $(OUT)/train.sn $(BIN)/sn-split
	mkdir -p $(OUT)/unseen
	sn-split -s $(SEED) --by class --share 0.5 -o $(OUT)/unseen/train.sn -O $(OUT)/unseen/rest.sn $<
	sn-cat -t $(OUT)/unseen/rest.sn | sed -nE 's/^\{"item":[^{]*"label":"([^"]*)".*/\1/p' | sort -u > $@

$(OUT)/unseen/train.sn: $(OUT)/unseen/kinds.txt

$(OUT)/unseen/test.sn: $(OUT)/test.sn $(OUT)/unseen/kinds.txt
	sn-split --by class --list $(OUT)/unseen/kinds.txt -o $(OUT)/unseen/others.sn -O $@ $<

$(OUT)/seen/%.sn: $(OUT)/%.sn
	mkdir -p $(OUT)/seen
	ln -f $< $@

# Some pictures of each kind that is learned are kept to choose the threshold by.
define task
$(OUT)/$(1)/learn.sn $(OUT)/$(1)/calibration.sn &: $(OUT)/$(1)/train.sn
	sn-split -s $(SEED) --by item --share $(CALIBRATION) -o $(OUT)/$(1)/learn.sn -O $(OUT)/$(1)/calibration.sn $$<

$(OUT)/$(1)/fresh.bin: $(OUT)/$(1)/learn.sn $(NET) $(BIN)/sn-init
	sn-init -s $(SEED) $(INIT) --measure $$< -d cosine -o $$@ $(NET)

$(OUT)/$(1)/trained.bin: $(OUT)/$(1)/fresh.bin $(BIN)/sn-train
	timed $(OUT)/$(1)/seconds sn-train -s $(SEED) -j $(THREADS) -m $$< -o $$@ -e $(EPOCHS_$(1)) --batch $(BATCH_$(1)) -l supcon --temperature 0.1 --optimizer adamw -r $(RATE) --warm-up 50 --schedule cosine --augment '$(AUGMENT)' --log $(OUT)/$(1)/log.tsv $(OUT)/$(1)/learn.sn

$(OUT)/$(1)/w.bin: $(OUT)/$(1)/trained.bin $(OUT)/$(1)/calibration.sn $(BIN)/sn-eval
	sn-pair -s $(SEED) $(OUT)/$(1)/calibration.sn | sn-embed -m $$< | sn-dist | sn-eval -q --calibrate $$< -o $$@ > $(OUT)/$(1)/calibration.tsv

$(OUT)/$(1)/pairs.tsv: $(OUT)/$(1)/w.bin $(OUT)/$(1)/test.sn
	sn-embed -j $(THREADS) -m $$< $(OUT)/$(1)/test.sn | sn-pair -s $(SEED) -n $(PAIRS) | sn-dist | sn-eval -q > $$@

$(OUT)/$(1)/result.tsv: $(OUT)/$(1)/pairs.tsv
	result $(1) $(OUT)/$(1)/seconds eer=eer auc=auc accuracy=verification_accuracy far=far frr=frr < $$< > $$@
endef
$(foreach t,$(TASKS),$(eval $(call task,$(t))))
