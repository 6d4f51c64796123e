from csp.engine import policy_pack

policy_pack.serve()
