import csp_onboarding

csp_onboarding.run(__file__)
