import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What each room may import, besides itself; see docs/architecture.md. */
const roomsAllowed = {
  geometry: [],
  onnx: [],
  images: ['geometry'],
  detector: ['geometry', 'onnx'],
  saliency: ['geometry', 'onnx', 'detector'],
  metrics: ['geometry'],
  fusion: ['geometry'],
  drift: ['metrics'],
  tracking: ['geometry', 'metrics'],
  workers: [],
  inference: ['geometry', 'onnx', 'detector', 'saliency', 'metrics', 'workers'],
  bag: ['images'],
  dataset: ['geometry', 'images', 'bag', 'metrics', 'workers'],
  explain: ['geometry', 'images', 'detector', 'saliency', 'metrics', 'workers'],
  report: ['geometry', 'metrics'],
  study: [
    ...['geometry', 'onnx', 'images', 'detector', 'saliency', 'metrics', 'workers', 'inference', 'explain', 'dataset'],
    'fusion',
  ],
  pipeline: [
    'geometry',
    'onnx',
    'images',
    'detector',
    'saliency',
    'metrics',
    'fusion',
    'drift',
    'inference',
    'workers',
  ],
  explanations: [
    ...['geometry', 'images', 'detector', 'saliency', 'metrics', 'workers', 'inference', 'explain', 'pipeline', 'bag'],
    'tracking',
  ],
  replay: [
    ...['geometry', 'images', 'detector', 'saliency', 'metrics', 'fusion', 'drift', 'inference', 'pipeline'],
    ...['bag', 'report', 'tracking', 'explain', 'explanations'],
  ],
};
const rooms = [...Object.keys(roomsAllowed), 'ros', 'cli'];

const roomRules = Object.entries(roomsAllowed).map(([room, allowed]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: rooms
          .filter((other) => other !== room && !allowed.includes(other))
          .map((other) => ({ group: [`**/${other}/**`], message: `src/${room} may not import src/${other}` })),
      },
    ],
  },
}));

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
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  ...roomRules,
  {
    files: ['**/*.js'],
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
