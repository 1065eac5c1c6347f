exports.onExecutePostLogin = async (event) => {
  console.log(Object.keys(event.secrets).join(), JSON.stringify(event.configuration), event.request.geoip.cityName);
};
