"""A case of one moe.route, from the arguments of the interpreter's route()."""
from harness import Case, Tensor
from reference import score
from routing_ref import route


def count_text(count):
    if isinstance(count, int):
        return f"<{count}>"
    fields = [f"{k} = {count[k]}" for k in ("mult", "share", "round", "multiple_of", "min", "max", "dtype") if k in count]
    return "<" + ", ".join([f"factor = {float(count['factor'])}"] + fields) + ">"


def capacity_text(capacity):
    if not capacity:
        return ""
    seed = f"({capacity['seed']})" if "seed" in capacity else ""
    if capacity["kind"] == "limit":
        fields = f"count = {count_text(capacity['count'])}, priority = {capacity['priority']}{seed}, overflow = {capacity['overflow']}"
    else:
        fields = f"tile = {capacity['tile']}, mode = {capacity['mode']}{seed}, renorm = {capacity['renorm']}"
    return f" capacity <{capacity['kind']}, {fields}>"


def route_case(name, z, score_args, tolerance=2e-6, logits="f32", static=False, expected=None, check=None, scores_result=False, **args):
    """A case that routes `z` and gives ids and weights; `args` and `score_args` are those of routing.route(). `static`: the number of units is."""
    experts = len(z[0]) if z else args.pop("experts")
    policy = args.get("policy", ("topk", 2))
    capacity, domain = args.get("capacity"), args.get("domain")
    slots = {"topk": lambda: policy[1], "topk_per_group": lambda: policy[1] * policy[2], "sparsemixer": lambda: policy[2], "greedy_assign": lambda: 1, "balanced_assign": lambda: 1,
             "table": lambda: len(policy[1][0])}.get(policy[0], lambda: args.get("kmax") or experts)()
    slots = experts if capacity and capacity["kind"] == "tile_round" else slots
    always, dtype = args.get("always", 0), args.get("dtype", "f32")
    carries = bool(capacity) and capacity.get("overflow") == "identity"

    tensors = {"z": Tensor(z, logits, dynamic=not static, shape=[len(z), experts])}
    operands = ""
    def operand(keyword, name, data, element="f32"):
        nonlocal operands
        if data is not None:
            tensors[name] = Tensor(data, element, dynamic=isinstance(data[0], list) and not static)
            operands += f" {keyword}(%{name} : {tensors[name].type})"
    operand("key_offset", "offset", args.get("key_offset"))
    operand("allow", "allow", args.get("allow"), "i1")
    operand("score_gain", "gain", score_args.get("gain"))
    operand("weight_source", "source", args.get("weight_source"))
    operand("expert_scale", "scale", args.get("expert_scale"))
    operand("always_weights", "always", args.get("always_weights"))
    operand("thresholds", "limits", policy[1] if policy[0] == "threshold" and isinstance(policy[1], list) else None)
    operand("table_ids", "table", policy[1] if policy[0] == "table" else None, "i32")
    operand("segments", "segments", domain[1] if domain and domain[0] == "segments" else None, "i32")

    s = [score_args["fn"]]
    s += {"experts": [], "units": ["over = units"]}.get(score_args.get("over", "experts"), [])
    s += [f"over = group({score_args['groups']})"] if "groups" in score_args else []
    s += [f"{k} = {score_args[k]}" for k in ("dtype", "round_to") if k in score_args]
    if score_args.get("post"):
        s.append("post = " + (f"rmsnorm({score_args['eps']:e})" if score_args["post"] == "rmsnorm" else "l2norm"))
    text = f"score <{', '.join(s)}>"
    if "filter_args" in args:
        f = args["filter_args"]
        value = f"sum_top({f['sum_top']})" if f.get("sum_top") else "max"
        text += f" group_filter <{f['groups']}, keep = {f['keep']}, group_score = {value}, fill = {f.get('fill', 'neginf')}>"
    bounds = ["operand"] if "limits" in tensors else [str(v) for v in policy[1:] if policy[0] != "table"]
    select = [policy[0] + (f"({', '.join(bounds)})" if bounds else ""), f"key = {args.get('key', 'scores')}"]
    select += [f"key_dtype = {args['key_dtype']}"] if "key_dtype" in args else []
    select += [f"fallback = {args['fallback']}"] if args.get("fallback") else []
    select += [f"{k} = {args[k]}" for k in ("kmax", "boundary") if k in args]
    select += [f"count = {count_text(args['count'])}"] if "count" in args else []
    select += [f"{k} = {list(args[k])}" for k in ("order", "counts") if k in args]
    text += f" select <{', '.join(select)}>"
    w = [args.get("source", "scores")]
    w += [f"{k} = {list(args[k])}" for k in ("zero", "exclude") if k in args]
    if args.get("norm"):
        value = {"sum": f"({args.get('eps', 0.0):e}, {'clamp' if args.get('clamp') else 'add'})", "pnorm": f"({float(args.get('p', 1.0))})"}
        w.append("norm = " + args["norm"] + value.get(args["norm"], ""))
    w += [f"{k} = {args[k]}" for k in ("min_k", "when") if k in args]
    w += [f"scale = {float(args['scale'])}"] if "scale" in args else []
    w += [f"dtype = {dtype}"] if dtype != "f32" else []
    text += f" weight <{', '.join(w)}>" + capacity_text(capacity)
    if domain:
        text += f" domain <{domain[0]}{f'({domain[1]})' if domain[0] == 'blocks' else ''}>"

    plan = f"!moe.plan<{experts}, slots<{slots}>{f', always = {always}' if always else ''}{f', weight = {dtype}' if dtype != 'f32' else ''}"
    plan += f"{', carry' if carries else ''}>"
    entries = slots + always
    types = [f"tensor<?x{entries}xi32>", f"tensor<?x{entries}x{dtype}>", f"tensor<{experts + always + 1}xindex>", "tensor<?xindex>",
             f"tensor<?x{entries}xindex>"]
    types += [f"tensor<?x{dtype}>"] * carries
    with_scores = f", {tensors['z'].type}" if scores_result else ""
    body = f"  {'%p, %s' if scores_result else '%p'} = moe.route %z{operands} {text} : {tensors['z'].type} -> {plan}{with_scores}\n"
    body += f"  %q:{len(types)} = builtin.unrealized_conversion_cast %p : {plan} to {', '.join(types)}\n"
    results = [("%q#0", types[0]), ("%q#1", types[1])] + [("%q#5", types[-1])] * carries
    if expected is None and check is None:
        expected = list(route(z, score_args, **args))[:2 + carries]
    if scores_result:
        results.append(("%s", tensors["z"].type))
        expected = expected + [score(z, **score_args)]
    return Case(name, tensors, body, results, expected, tolerance, check)
