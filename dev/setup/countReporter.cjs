// mocha's own report, and the plain closing line that any CI can read.
const { reporters } = require('mocha');

module.exports = class CountReporter extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}`);
  }
};
