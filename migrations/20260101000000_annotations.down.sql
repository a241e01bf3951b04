DROP TABLE datebin.annotations;
