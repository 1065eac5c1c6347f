exports.onExecutePostLogin = async (event, api) => {
  const attempts = [['k'.repeat(65), 1], ['', 1], ['a', { b: 1 }], ['a', [1]], ['a', 1.5], ['a', 2 ** 53], ['a', 'x'.repeat(8193)]];
  for (const [key, value] of attempts) {
    try {
      api.transaction.setMetadata(key, value);
    } catch (error) {
      console.log(error.message);
    }
  }
  api.transaction.setMetadata('one', 'x'.repeat(8000));
  api.transaction.setMetadata('two', 'x'.repeat(8000));
  api.transaction.setMetadata('three', 'x'.repeat(8000));
};
