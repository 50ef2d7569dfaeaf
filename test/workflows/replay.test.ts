import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from '@temporalio/worker';
import { temporal, workflowBundle } from '../support/temporal.ts';

const HISTORIES = new URL('../replay/histories/', import.meta.url);

describe('sagas that run while new code is deployed', () => {
  // Replaying needs no server; this is what keeps the SDK from logging every step.
  before(() => temporal());

  // What is in the folder was written by earlier code; its workflows must be able to go on with this one.
  for (const file of readdirSync(HISTORIES)) {
    it(`go on where they are: ${file.replace('.json', '')}`, async function () {
      this.timeout(60_000);
      const history: unknown = JSON.parse(readFileSync(new URL(file, HISTORIES), 'utf8'));
      await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history);
    });
  }

  it('are noticed where the new code does something else', async function () {
    this.timeout(60_000);
    const text = readFileSync(new URL('settlement.json', HISTORIES), 'utf8');
    // As if that code had closed the operation before it posted anything: the step's name is in a marker, in base64.
    const other = text.replaceAll(/"data": ?"([\w+/=]+)"/g, (whole, data: string) => {
      const marker = Buffer.from(data, 'base64').toString();
      return marker.includes('"postMoves"')
        ? whole.replace(data, Buffer.from(marker.replace('"postMoves"', '"undoMoves"')).toString('base64'))
        : whole;
    });
    assert.notEqual(other, text);
    await assert.rejects(
      Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, JSON.parse(other)),
      /[Nn]ondeterminism/,
    );
  });
});
