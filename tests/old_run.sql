BEGIN TRANSACTION;
CREATE TABLE cases (
    "case" TEXT PRIMARY KEY, suite_version INTEGER, kind TEXT, height INTEGER, width INTEGER,
    channels INTEGER, dtype TEXT, coverage REAL, thickness REAL, border_contact INTEGER,
    image_sha256 TEXT, mask_sha256 TEXT) WITHOUT ROWID;
INSERT INTO "cases" VALUES('9d0905caa22a2f21',1,'centre-box',128,128,3,'uint8',0.48345947265625,45.0,0,'ec3979f8ea8092e2496507bdbc827b50571a4248f47a9d8463946b09e8765a5c','86948ad9383440bb3f0608e35a44001312cf771d0abe88f563970abab4cb48a5');
INSERT INTO "cases" VALUES('a59b477c0508b68b',1,'random-box',128,128,3,'uint8',0.538330078125,35.0,1,'5848d5da207b246cd7aa1ac3d77c7dada6bffa0b94f4fe57c21fa45235e025ec','4d171b03dda59611369352486e8dce0ff656c5a85c5432649711feeb453287cd');
CREATE TABLE cells (
    "case" TEXT, key TEXT, status TEXT, failure TEXT, message TEXT, traceback TEXT, stderr TEXT,
    output_sha256 TEXT, seconds REAL, PRIMARY KEY ("case", key)) WITHOUT ROWID;
INSERT INTO "cells" VALUES('9d0905caa22a2f21','27f50d7cc44f750a','done','','','','','fd73a6d121f2662f79d1f39738733195af22dc1b0bc13cf19d36801538318385',1.05520900001465633977e-03);
INSERT INTO "cells" VALUES('9d0905caa22a2f21','ab950213afac4aaf','done','','','','','31f1492f51e64818e788013c27fb59d558d8fb2b5d4fb8755ee2ae6d456a8e29',1.3588384000058795209e-02);
INSERT INTO "cells" VALUES('a59b477c0508b68b','27f50d7cc44f750a','done','','','','','d1b6d50e3472476c35cf6e1d83dce2627c2b97978c066adf14f655515f6f462e',1.23486300003605720121e-03);
INSERT INTO "cells" VALUES('a59b477c0508b68b','ab950213afac4aaf','done','','','','','2a137eedbb91fd11109efd97f2fb1118e3da65d0c0e313356c760be619f6373c',3.25091879999490629415e-02);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('benchmark','{"name": "quick", "datasets": ["photos[size=128]"], "masks": ["large-regions"], "methods": ["telea", "mean-fill"], "metrics": ["psnr"], "description": "Five classical methods on three kinds of holes in photographs, textures and medical images", "limit": 2, "subset_seed": null, "masks_per_sample": 1, "seed": 0, "timeout": 60.0, "timing": {"cases": 1, "repeats": 5, "seconds": 3.0, "warmup": 1, "threads": 1}}');
INSERT INTO "meta" VALUES('changed','2026-11-28T20:32:43.822234+00:00');
INSERT INTO "meta" VALUES('commit','');
INSERT INTO "meta" VALUES('cores','2');
INSERT INTO "meta" VALUES('device','cpu');
INSERT INTO "meta" VALUES('inpaintbench','0.1.0');
INSERT INTO "meta" VALUES('libraries','{"numba": "0.68.1", "numpy": "2.4.6", "opencv-contrib-python-headless": "5.0.0.93", "scikit-image": "0.26.0", "scipy": "1.17.1", "torch": "2.14.1"}');
INSERT INTO "meta" VALUES('load_at_start','0.13');
INSERT INTO "meta" VALUES('memory_bytes','25276510208');
INSERT INTO "meta" VALUES('name','quick');
INSERT INTO "meta" VALUES('processor','AMD EPYC');
INSERT INTO "meta" VALUES('python','3.11.7');
INSERT INTO "meta" VALUES('started','2026-11-28T20:32:34+00:00');
INSERT INTO "meta" VALUES('system','Linux-6.18.44-fc-v657-x86_64-with-glibc2.36');
CREATE TABLE plan_cases (
    position INTEGER PRIMARY KEY, "case" TEXT NOT NULL UNIQUE, dataset TEXT, sample TEXT,
    suite TEXT, mask_index INTEGER, seed INTEGER);
INSERT INTO "plan_cases" VALUES(0,'a59b477c0508b68b','photos[size=128]','astronaut','large-regions',0,0);
INSERT INTO "plan_cases" VALUES(1,'9d0905caa22a2f21','photos[size=128]','chelsea','large-regions',0,0);
CREATE TABLE plan_metrics (
    position INTEGER PRIMARY KEY, metric TEXT, name TEXT, label TEXT, unit TEXT,
    higher_is_better INTEGER, worst REAL, missing TEXT);
INSERT INTO "plan_metrics" VALUES(0,'psnr[dtype-range]','psnr','PSNR','dB',1,0.0,'');
CREATE TABLE plan_variants (position INTEGER PRIMARY KEY, key TEXT NOT NULL);
INSERT INTO "plan_variants" VALUES(0,'ab950213afac4aaf');
INSERT INTO "plan_variants" VALUES(1,'27f50d7cc44f750a');
CREATE TABLE scores (
    "case" TEXT, output_sha256 TEXT, metric TEXT, value REAL,
    PRIMARY KEY ("case", output_sha256, metric)) WITHOUT ROWID;
INSERT INTO "scores" VALUES('9d0905caa22a2f21','31f1492f51e64818e788013c27fb59d558d8fb2b5d4fb8755ee2ae6d456a8e29','psnr[dtype-range]',1.99450296573242766839e+01);
INSERT INTO "scores" VALUES('9d0905caa22a2f21','fd73a6d121f2662f79d1f39738733195af22dc1b0bc13cf19d36801538318385','psnr[dtype-range]',1.98705278580763824436e+01);
INSERT INTO "scores" VALUES('a59b477c0508b68b','2a137eedbb91fd11109efd97f2fb1118e3da65d0c0e313356c760be619f6373c','psnr[dtype-range]',1.31027826157980449291e+01);
INSERT INTO "scores" VALUES('a59b477c0508b68b','d1b6d50e3472476c35cf6e1d83dce2627c2b97978c066adf14f655515f6f462e','psnr[dtype-range]',1.3010716265479473463e+01);
CREATE TABLE timings (
    "case" TEXT, key TEXT, repeat INTEGER, seconds REAL, contended INTEGER, threads INTEGER,
    setup_seconds REAL, first_seconds REAL, peak_bytes REAL,
    PRIMARY KEY ("case", key, repeat)) WITHOUT ROWID;
INSERT INTO "timings" VALUES('a59b477c0508b68b','27f50d7cc44f750a',0,1.39206699998339900048e-03,0,1,5.46050880000166216632e-02,1.57285299997056426946e-03,2928640.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','27f50d7cc44f750a',1,9.43641000048955902457e-04,0,1,5.46050880000166216632e-02,1.57285299997056426946e-03,2932736.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','27f50d7cc44f750a',2,1.0734130000855657272e-03,0,1,5.46050880000166216632e-02,1.57285299997056426946e-03,2932736.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','27f50d7cc44f750a',3,1.00092699995002476498e-03,0,1,5.46050880000166216632e-02,1.57285299997056426946e-03,2932736.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','27f50d7cc44f750a',4,1.36365399998794600833e-03,0,1,5.46050880000166216632e-02,1.57285299997056426946e-03,2932736.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','ab950213afac4aaf',0,1.1035283999945022515e-02,0,1,6.25836159999835217604e-02,1.42059180000160267809e-02,4157440.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','ab950213afac4aaf',1,1.34076690000028975191e-02,0,1,6.25836159999835217604e-02,1.42059180000160267809e-02,4161536.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','ab950213afac4aaf',2,1.6098997999961284222e-02,0,1,6.25836159999835217604e-02,1.42059180000160267809e-02,4161536.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','ab950213afac4aaf',3,8.72612600005595595575e-03,0,1,6.25836159999835217604e-02,1.42059180000160267809e-02,4161536.0);
INSERT INTO "timings" VALUES('a59b477c0508b68b','ab950213afac4aaf',4,7.84777800004121672827e-03,0,1,6.25836159999835217604e-02,1.42059180000160267809e-02,4161536.0);
CREATE TABLE variants (
    key TEXT PRIMARY KEY, variant TEXT, method TEXT, family TEXT, paper TEXT,
    deterministic INTEGER, trained_on TEXT, settings TEXT, specification TEXT) WITHOUT ROWID;
INSERT INTO "variants" VALUES('27f50d7cc44f750a','mean-fill','mean-fill','baseline','',1,'','{}','mean-fill');
INSERT INTO "variants" VALUES('ab950213afac4aaf','telea','telea','diffusion','A. Telea, "An image inpainting technique based on the fast marching method", J. Graphics Tools 2004',1,'','{"radius": 3.0}','telea');
COMMIT;
PRAGMA user_version=1;
