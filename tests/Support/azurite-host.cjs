// Runs Azurite for as long as its standard input is open, so that neither it nor its folder outlives the process that started it, however that ends.
// The line "stop" ends it in good order: what is in its memory is written to its folder. (Windows has no signal for that.)
'use strict';

const fs = require('node:fs');
const folder = process.argv[process.argv.indexOf('--location') + 1];

process.stdin.setEncoding('utf8');
process.stdin.on('data', text => {
  if (text.startsWith('stop')) {
    process.stdin.destroy();
    process.emit('SIGTERM');
  }
});
process.stdin.on('end', () => {
  fs.rmSync(folder, { recursive: true, force: true });
  process.exit(1);
});

// Azurite reads its own options from process.argv, as if it had been started itself.
process.argv.splice(1, 1);
require(process.argv[1]);
