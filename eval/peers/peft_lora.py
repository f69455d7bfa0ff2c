"""LoRA as PEFT's documentation has it, on all seven linears."""

from peft import LoraConfig

LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def lora_config(request):
    return LoraConfig(
        r=request["rank"],
        lora_alpha=request["alpha"],
        lora_dropout=0.0,
        target_modules=LINEARS,
        task_type="CAUSAL_LM",
    )
