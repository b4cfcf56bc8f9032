import { Button } from "@/components/ui/button";

export default function Counter() {
  const more = () => updateElement({ ...props, count: props.count + 1 });
  return (
    <div className="flex items-center gap-4">
      <span>
        {props.place} counts {props.count}
      </span>
      <Button onClick={more}>One more</Button>
    </div>
  );
}
