({ rule: 1 })
