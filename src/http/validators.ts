/** What we use of a compiler of JSON Schema, and of what it makes. */
interface Validator {
  (data: unknown): unknown;
  errors?: unknown;
}
interface Compiler {
  compile(schema: object): Validator;
}

const compiled = new WeakMap<object, Validator>();

/**
 * Has a schema compiled when a request is first held to it, and once in a process. Compiling those of all routes takes most
 * of a start, and a service that has just been killed is wanted back soon. That each of them compiles is a matter of the tests.
 */
export function compileAtFirstUse(compiler: Compiler): void {
  const compile = compiler.compile.bind(compiler);
  compiler.compile = (schema) => {
    const validator: Validator = (data) => {
      let made = compiled.get(schema);
      if (made === undefined) compiled.set(schema, (made = compile(schema)));
      const passed = made(data);
      validator.errors = made.errors;
      return passed;
    };
    return validator;
  };
}
