import t from "../tap.js";

t.pass("the files after it still run");
