# Two commands do everything: `make bench` and `make test`. Both make the environment first.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
TYPED = build/typed

.PHONY: bench test lint types speed reference clean

bench: $(READY)
	$(BIN)/inpaintbench run quick

# What measures time runs first and alone; the rest in a process more than there are cores, since
# tests of what a kill or a full disk does mostly wait.
test: $(READY)
	$(BIN)/python -m pytest -m alone
	$(BIN)/python -m pytest -m "not alone" --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Types and import contracts are checked on an installed copy: the import names are not the folders'.
types: $(READY)
	rm -rf $(TYPED) build/lib
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --target $(TYPED) .
	cd $(TYPED) && MYPYPATH=. $(abspath $(BIN))/python -m mypy --config-file $(abspath pyproject.toml) -p inpaintbench
	cd $(TYPED) && PYTHONPATH=. $(abspath $(BIN))/lint-imports --config $(abspath pyproject.toml) --no-cache

# What results/reference holds, the leaderboard site in build/site, and what documents show.
reference: $(READY)
	$(BIN)/inpaintbench run quick --fresh
	$(BIN)/inpaintbench report results/runs/quick -o results/reference/quick
	$(BIN)/inpaintbench leaderboard results/runs/quick -o build/site --pictures 75
	$(BIN)/python tests/site_screenshots.py build/site docs/images
	$(BIN)/inpaintbench figure pictures results/runs/quick --style web --no-insets --no-errors \
		--dataset 'photos[size=128]' -o results/reference/quick/photos.png
	$(BIN)/inpaintbench run classical --fresh
	$(BIN)/inpaintbench report results/runs/classical -o build/classical
	cp build/classical/tables/*.md build/classical/tables/*.csv results/reference/classical/tables
	cp build/classical/rows.parquet build/classical/provenance.json results/reference/classical
	$(BIN)/inpaintbench figure pictures results/runs/classical --dataset photos \
		--masks large-regions --masks textures --metric lpips --style web --width 11in \
		--no-insets --no-errors -o results/reference/classical/pictures.png
	$(BIN)/inpaintbench figure plane results/runs/classical --style web \
		-o results/reference/classical/plane.png
	$(BIN)/inpaintbench run cifar10 --masks context-encoder-center --fresh -o results/runs/learned \
		--add "context-encoder[weights=context-encoder-cifar10-sharp]"
	$(BIN)/inpaintbench run -d photos --masks large-regions lama-thick --limit 12 --count 3 --fresh \
		-m deepfill telea navier-stokes biharmonic criminisi patchmatch \
		--metric psnr ssim lpips -o results/runs/deepfill
	for run in learned deepfill; do \
		$(BIN)/inpaintbench report results/runs/$$run -o build/$$run && \
		mkdir -p results/reference/$$run && \
		cp build/$$run/tables/*.md build/$$run/tables/*.csv build/$$run/provenance.json \
			results/reference/$$run || exit 1; done
	$(BIN)/inpaintbench figure pictures results/runs/deepfill --style web --width 11in \
		--no-insets --no-errors --metric lpips -o results/reference/deepfill/pictures.png

speed: $(READY)
	$(BIN)/python -m pip install --quiet -e ".[test,speed]"
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only -s

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "inpaintbench needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools
	$(BIN)/python -m pip install --quiet -e ".[test]"
	touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info
