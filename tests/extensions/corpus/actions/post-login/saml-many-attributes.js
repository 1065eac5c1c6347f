exports.onExecutePostLogin = async (event, api) => {
  for (let i = 0; i <= 100; ++i) {
    try {
      api.samlResponse.setAttribute(`a${i}`, i);
    } catch (error) {
      console.log(i, error.message);
    }
  }
};
