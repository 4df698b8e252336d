export const holds = {
  "status.standing": "In force",
  "holds.lead":
    "While an emergency stop is in force, no grant is consumed in its environment. Runs that have begun go on.",
  "holds.notPermitted": "Emergency stops are shown to operators, sovereigns, executors and auditors.",
  "holds.scope": "Where",
  "holds.everywhere": "Everywhere",
  "holds.placed": "Placed by",
  "holds.lifted": "Lifted",
  "holds.none": "No emergency stop.",
  "holds.place": "Place an emergency stop",
  "holds.placeLead": "From now on nothing is consumed there until somebody lifts the stop.",
  "holds.environmentHint": "Empty: all environments.",
  "holds.placedNow": "The stop is in force.",
  "holds.lift": "Lift the stop",
  "holds.liftedNow": "The stop is lifted.",
};
