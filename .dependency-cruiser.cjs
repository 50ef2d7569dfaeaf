/**
 * Who may import whom: docs/architecture.md, "The rooms". A room is entered through its door,
 * `<room>/index.ts`; a room that is all vocabulary (contract, config, money, ops) may be entered by any file.
 */
const rooms = {
  money: [],
  config: [],
  contract: ['money'],
  ops: ['config', 'contract'],
  ledger: ['money', 'contract', 'ops'],
  payments: ['money', 'contract', 'config', 'ops'],
  players: ['money', 'contract', 'ops'],
  rounds: ['ledger', 'players', 'money', 'contract', 'ops'],
  activities: ['config', 'ledger', 'rounds', 'payments', 'players', 'contract', 'money', 'ops'],
  workflows: ['contract', 'money'],
  api: ['contract', 'money', 'config', 'ops', 'rounds', 'ledger', 'payments', 'players'],
  migrations: ['config', 'ops'],
};
const typeOnly = { workflows: ['activities'], api: ['workflows'] };
const doors = ['ledger', 'payments', 'players', 'rounds', 'activities'];
const everyRoom = [...Object.keys(rooms), 'workers', 'dev', 'test', 'bench', 'desk'];

const walls = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports`,
  comment: `${room}/ may import ${[...allowed, ...(typeOnly[room] ?? []).map((r) => `types of ${r}`)].join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: {
    path: `^(${everyRoom.filter((r) => r !== room && !allowed.includes(r)).join('|')})/`,
    ...(typeOnly[room] ? { pathNot: `^(${typeOnly[room].join('|')})/` } : {}),
  },
}));
const typeWalls = Object.entries(typeOnly).map(([room, allowed]) => ({
  name: `${room}-type-imports`,
  comment: `${room}/ may import types alone from ${allowed.join(', ')}`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: { path: `^(${allowed.join('|')})/`, dependencyTypesNot: ['type-only'] },
}));
const doorRules = doors.map((room) => ({
  name: `${room}-door`,
  comment: `enter ${room}/ through ${room}/index.ts`,
  severity: 'error',
  from: { pathNot: `^(${room}|test|bench)/` },
  to: { path: `^${room}/`, pathNot: `^${room}/(index|main)\\.ts$` },
}));

module.exports = {
  forbidden: [
    ...walls,
    ...typeWalls,
    ...doorRules,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'workflows-outside',
      comment:
        'workflow code is deterministic: of the outside it sees @temporalio/workflow and /common alone',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'core'],
        pathNot: 'node_modules/@temporalio/(workflow|common)/',
      },
    },
    {
      name: 'dev-simulator-is-a-third-party',
      comment: 'the provider simulator shares no code with Countroom',
      severity: 'error',
      from: { path: '^dev/simulator/' },
      to: { path: `^(${everyRoom.filter((r) => r !== 'dev').join('|')})/` },
    },
    {
      name: 'not-to-test',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
