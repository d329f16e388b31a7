// Prints a stylesheet without the rules that no template or script names, and without the
// variables that neither what is left nor our own stylesheet reads.
"use strict";
const { readFileSync } = require("node:fs");
const { PurgeCSS } = require("purgecss");

const [css, web] = process.argv.slice(2);
const own = readFileSync(`${web}/static/app.css`, "utf8");

new PurgeCSS()
  .purge({
    css: [css],
    content: [`${web}/templates/**/*.html`, `${web}/static/app.js`],
    // Whole class names, so that `br-button` does not keep `br-button-group`.
    defaultExtractor: (text) => text.match(/[\w-]+/g) || [],
    safelist: {
      standard: ["html", "body", ":root"],
      variables: own.match(/--[a-z0-9-]+/g),
    },
    variables: true,
    keyframes: true,
  })
  .then((results) => process.stdout.write(results[0].css));
