// A module whose default export is no provider factory.

export default { createSystem: 'not a function' }
