// The rules of health that a user passes: checked, and completed by the defaults.

import { contradictionIn, defaultHealthRules, HEALTH_LIMITS, type HealthRules } from "../../settings.ts";
import { aWholeNumber, checkOptions, type Rules } from "../../util/options.ts";

const RULES = Object.fromEntries(
  Object.entries(HEALTH_LIMITS).map(([name, limits]) => [name, aWholeNumber(...limits)]),
) as Rules<HealthRules>;

/**
 * @param given `undefined` stands for the default, of a rule and of all
 * @throws TypeError with the first rule that is wrong, or those that contradict each other
 */
export function healthRulesOf(given: Partial<Record<keyof HealthRules, number | undefined>> = {}): HealthRules {
  checkOptions("rules", given, RULES);
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const rules: HealthRules = { ...defaultHealthRules(), ...Object.fromEntries(set) };
  const contradiction = contradictionIn(rules);
  if (contradiction !== undefined) throw new TypeError(`rules: ${contradiction}`);
  return rules;
}
