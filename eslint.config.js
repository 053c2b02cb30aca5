import regexp from "eslint-plugin-regexp";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["build", "dist", "node_modules", ".tap", "src/stores/prisma/generated", "examples"] },
  {
    files: ["**/*.{ts,cts,mjs,js}"],
    rules: { "max-len": ["error", { code: 120 }] },
  },
  {
    files: ["**/*.{ts,cts,mjs,js}"],
    ignores: ["test/**"],
    plugins: { regexp },
    rules: { // what a caller sends must not take more than linear time
      "regexp/no-super-linear-backtracking": ["error", { report: "potential" }],
      "regexp/no-super-linear-move": ["error", { report: "potential" }],
    },
  },
  {
    files: ["**/*.{ts,cts}"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", {
        ignoreRestSiblings: true, argsIgnorePattern: "^_", varsIgnorePattern: "^_",
      }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/require-await": "off", // Fastify's hooks and plugins are async by signature
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  {
    files: ["**/*.cts"], // CommonJS, where `require` is what is wanted
    rules: {
      "@typescript-eslint/no-require-imports": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
    },
  },
  {
    files: ["test/**/*.ts"],
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      "@typescript-eslint/unbound-method": "off", // tests destructure tap's matchers
      // tap waits for subtests itself. All other promises must be awaited, as elsewhere.
      "@typescript-eslint/no-floating-promises": ["error", {
        allowForKnownSafePromises: [{ from: "package", name: "PromiseWithSubtest", package: "@tapjs/core" }],
      }],
    },
  },
);
