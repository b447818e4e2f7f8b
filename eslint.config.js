import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What each room of the product may import, besides itself; see docs/architecture.md. */
export const roomsAllowed = {
  files: [],
  geometry: [],
  onnx: [],
  workers: [],
  images: ['geometry'],
  maps: ['geometry'],
  detector: ['geometry', 'onnx'],
  fusion: ['geometry'],
  drift: ['files', 'maps'],
  tracking: ['geometry', 'maps'],
  report: ['files', 'geometry', 'maps'],
  perception: ['geometry', 'onnx', 'images', 'maps', 'detector', 'fusion', 'drift', 'workers'],
  messages: ['images', 'perception'],
  bag: ['files', 'images', 'messages'],
  frameLog: ['files', 'detector', 'images', 'perception', 'messages', 'bag'],
  explain: [
    ...[
      'files',
      'geometry',
      'onnx',
      'workers',
      'images',
      'maps',
      'detector',
      'tracking',
      'perception',
      'messages',
      'bag',
    ],
    'frameLog',
  ],
  replay: [
    ...[
      'files',
      'geometry',
      'images',
      'maps',
      'detector',
      'fusion',
      'drift',
      'tracking',
      'report',
      'perception',
      'messages',
    ],
    ...['bag', 'explain'],
  ],
  doctor: ['detector', 'images'],
  ros: [
    ...['geometry', 'images', 'maps', 'detector', 'fusion', 'drift', 'tracking', 'perception', 'messages', 'bag'],
    ...['frameLog', 'explain'],
  ],
};
roomsAllowed.cli = Object.keys(roomsAllowed);
const rooms = Object.keys(roomsAllowed);

/** What each room of the laboratory may import of the others; see docs/architecture.md. */
export const labRoomsAllowed = {
  numbers: [],
  scenes: [],
  study: ['numbers', 'scenes'],
  plantedReasons: ['numbers', 'scenes', 'study'],
  kills: ['scenes'],
  bench: ['numbers', 'scenes', 'study', 'plantedReasons'],
  cli: ['numbers', 'scenes', 'study', 'plantedReasons'],
};
/** The product's edges, and which rooms of the laboratory may import them. */
const edges = { cli: ['cli', 'bench'], ros: ['bench'] };

/** The laboratory stands on the product, never the other way round. */
const lab = { group: ['**/lab/**'], message: 'src/ may not import lab/' };

const roomRules = Object.entries(roomsAllowed).map(([room, allowed]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          lab,
          ...rooms
            .filter((other) => other !== room && !allowed.includes(other))
            .map((other) => ({
              // `./run/` and the like inside a room are the room's own: only what leaves it is looked at.
              group: [`**/../${other}/**`, `../${other}/**`],
              message: `src/${room} may not import src/${other}`,
            })),
        ],
      },
    ],
  },
}));

const labRules = Object.entries(labRoomsAllowed).map(([room, allowed]) => {
  const others = Object.keys(labRoomsAllowed).filter((other) => other !== room && !allowed.includes(other));
  const closed = Object.keys(edges).filter((edge) => !edges[edge].includes(room));
  return {
    files: [`lab/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...others.map((other) => ({
              regex: `^(\\.\\./)+${other}/`,
              message: `lab/${room} may not import lab/${other}`,
            })),
            ...closed.map((edge) => ({
              regex: `^(\\.\\./)+src/${edge}/`,
              message: `lab/${room} may not import src/${edge}`,
            })),
          ],
        },
      ],
    },
  };
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', '.ros', '.cache', 'output', 'training', 'runs'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // `#private` is private to the machine too, and a field reads as a field.
      '@typescript-eslint/parameter-properties': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(PropertyDefinition, MethodDefinition[kind!="constructor"], AccessorProperty)[accessibility]',
          message: 'write #name for what is private; what is public needs no word',
        },
        {
          selector:
            'ConditionalExpression[test.operator="instanceof"][test.right.name="Error"][alternate.callee.name="String"]',
          message: 'src/errors.ts says a reason from what was thrown: reasonOf, troubleText',
        },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  ...roomRules,
  ...labRules,
  // Where the reason is said.
  { files: ['src/errors.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
);
