exports.onExecutePostLogin = async (event, api) => {
  const names = ({ roles }) => roles.map((role) => role.name).join();
  console.log(names(await api.roles.getUserEffectiveRoles()));
  console.log(names(await api.roles.getUserEffectiveRolesByIds(['rol_2', 'rol_9'])));
  console.log(names(await api.roles.getUserEffectiveRolesByNames(['editor'])));
  try {
    await api.roles.getUserEffectiveRolesByIds(Array(101).fill('rol_1'));
  } catch (error) {
    console.log(error.message);
  }
  await api.roles.getUserEffectiveRolesByNames(Array(51).fill('editor'));
};
